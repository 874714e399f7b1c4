using System.Globalization;

namespace Akka.Configuration;

/// <summary>Numbers with units.</summary>
internal static class Units
{
    public static bool TryDuration(string text, bool allowInfinite, out TimeSpan value)
    {
        value = default;
        if (allowInfinite && text is "infinite" or "infinity")
        {
            value = Timeout.InfiniteTimeSpan;
            return true;
        }
        if (!Split(text, out var number, out var unit))
            return false;
        var milliseconds = unit switch
        {
            "d" or "day" or "days" => 86_400_000.0,
            "h" or "hour" or "hours" => 3_600_000,
            "m" or "min" or "minute" or "minutes" => 60_000,
            "s" or "second" or "seconds" => 1_000,
            "" or "ms" or "milli" or "millis" or "millisecond" or "milliseconds" => 1,
            "us" or "micro" or "micros" or "microsecond" or "microseconds" => 1e-3,
            "ns" or "nano" or "nanos" or "nanosecond" or "nanoseconds" => 1e-6,
            _ => double.NaN,
        };
        if (double.IsNaN(milliseconds))
            return false;
        value = TimeSpan.FromTicks((long)(number * milliseconds * TimeSpan.TicksPerMillisecond));
        return true;
    }

    public static bool TryBytes(string text, out long value)
    {
        value = 0;
        if (!Split(text, out var number, out var unit))
            return false;
        var factor = unit switch
        {
            "" or "b" or "B" or "byte" or "bytes" => 1.0,
            "kB" or "kilobyte" or "kilobytes" => 1e3,
            "MB" or "megabyte" or "megabytes" => 1e6,
            "GB" or "gigabyte" or "gigabytes" => 1e9,
            "k" or "K" or "Ki" or "KiB" or "kibibyte" or "kibibytes" => 1L << 10,
            "m" or "M" or "Mi" or "MiB" or "mebibyte" or "mebibytes" => 1L << 20,
            "g" or "G" or "Gi" or "GiB" or "gibibyte" or "gibibytes" => 1L << 30,
            _ => double.NaN,
        };
        value = double.IsNaN(factor) ? 0 : (long)(number * factor);
        return !double.IsNaN(factor);
    }

    private static bool Split(string text, out double number, out string unit)
    {
        text = text.Trim();
        var digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] is '.' or '-' or '+'))
            digits++;
        unit = text[digits..].Trim();
        return double.TryParse(text.AsSpan(0, digits), NumberStyles.Float, CultureInfo.InvariantCulture, out number);
    }
}
