using System.Globalization;

namespace ActorTrain.Bench;

/// <summary>Memory of a process as the kernel counts it.</summary>
internal static class ResidentMemory
{
    /// <param name="entry">Of <c>/proc/PID/status</c>: VmRSS for now, VmHWM for the peak.</param>
    /// <param name="process">Null for this one.</param>
    /// <returns>10⁶ bytes.</returns>
    public static double Megabytes(string entry, int? process = null)
    {
        var line = File.ReadLines($"/proc/{process?.ToString(CultureInfo.InvariantCulture) ?? "self"}/status")
            .First(line => line.StartsWith($"{entry}:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024 / 1e6;
    }
}
