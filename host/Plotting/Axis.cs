using System.Globalization;

namespace ActorTrain.Host.Plotting;

/// <summary>Maps values to places between two ends, linearly or by their logarithm, and chooses round values to label.</summary>
public sealed class Axis
{
    private readonly double low;
    private readonly double high;
    private readonly bool logarithmic;

    private Axis(double low, double high, bool logarithmic)
    {
        this.low = low;
        this.high = high;
        this.logarithmic = logarithmic;
    }

    /// <summary>An axis that holds all values given, with a little room at both ends.</summary>
    /// <param name="values">Finite values; without any the axis runs from 0 to 1.</param>
    /// <param name="logarithmic">By the logarithm; where a value is not above 0 the axis is linear all the same.</param>
    /// <param name="fromZero">Begin a linear axis at 0.</param>
    public static Axis Around(IEnumerable<double> values, bool logarithmic = false, bool fromZero = false)
    {
        var list = values.ToList();
        var (least, most) = list.Count == 0 ? (0.0, 1.0) : (list.Min(), list.Max());
        logarithmic &= list.Count > 0 && least > 0;
        if (logarithmic)
        {
            var room = Math.Max(Math.Log(most / least), 0.02) * 0.06;
            return new Axis(least * Math.Exp(-room), most * Math.Exp(room), true);
        }

        if (fromZero && least >= 0)
            return new Axis(0, most > 0 ? most * 1.08 : 1, false);
        var margin = most > least ? (most - least) * 0.06 : Math.Max(Math.Abs(most) * 0.1, 1e-9);
        return new Axis(least - margin, most + margin, false);
    }

    /// <summary>An axis between two values, without room.</summary>
    public static Axis Between(double low, double high) => new(low, high > low ? high : low + 1, false);

    /// <summary>Where a value stands, 0 at the low end and 1 at the high end; values outside stand at the ends.</summary>
    public double Place(double value)
    {
        var place = logarithmic ? Math.Log(Math.Max(value, low) / low) / Math.Log(high / low) : (value - low) / (high - low);
        return Math.Clamp(place, 0, 1);
    }

    /// <summary>Round values between the ends, about as many as asked for.</summary>
    public IReadOnlyList<double> Ticks(int about)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(about, 2);
        if (logarithmic && high / low >= 3)
        {
            var decades = Math.Log10(high / low);
            double[] digits = decades > about ? [1] : decades > about / 3.0 ? [1, 3] : decades > 1.5 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 6, 8];
            var first = (int)Math.Floor(Math.Log10(low));
            return [.. from exponent in Enumerable.Range(first, (int)Math.Ceiling(Math.Log10(high)) - first + 1)
                from digit in digits
                let value = digit * Math.Pow(10, exponent)
                where value >= low && value <= high
                select value];
        }

        var rough = (high - low) / about;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = new[] { 1.0, 2, 2.5, 5, 10 }.First(factor => factor * power >= rough * 0.999) * power;
        var from = (long)Math.Ceiling(low / step - 1e-9);
        var to = (long)Math.Floor(high / step + 1e-9);
        return [.. Enumerable.Range(0, (int)Math.Max(0, to - from + 1)).Select(i => (from + i) * step)];
    }

    /// <summary>A value as a short label: thousands as k, millions as M.</summary>
    public static string Label(double value)
    {
        var size = Math.Abs(value);
        var (scaled, unit) = size switch { >= 1e9 => (value / 1e9, "G"), >= 1e6 => (value / 1e6, "M"), >= 1e4 => (value / 1e3, "k"), _ => (value, "") };
        return size is > 0 and < 1e-3
            ? scaled.ToString("0.##e-0", CultureInfo.InvariantCulture)
            : scaled.ToString("0.####", CultureInfo.InvariantCulture) + unit;
    }
}
