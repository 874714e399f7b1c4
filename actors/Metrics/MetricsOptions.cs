using System.Diagnostics;
using System.Globalization;

namespace ActorTrain.Actors.Metrics;

/// <summary>Where measurements are written, and what derived figures depend on.</summary>
public sealed record MetricsOptions
{
    private static readonly string ThisProcess = NameThisProcess();

    public required string MetricsFile { get; init; }

    public required string LedgerFile { get; init; }

    public required long TokensPerStep { get; init; }

    /// <summary>Floating-point operations of forward and backward per token.</summary>
    public required double FlopsPerToken { get; init; }

    /// <summary>The machine's rate of matrix products, in FLOP/s; see <c>gemm_percent</c>.</summary>
    public required double GemmRate { get; init; }

    /// <summary>The writer named in rows.</summary>
    public string Writer { get; init; } = ThisProcess;

    // Process numbers are reused, especially in containers.
    private static string NameThisProcess()
    {
        using var process = Process.GetCurrentProcess();
        var began = process.StartTime.ToUniversalTime();
        return string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}/{process.Id}/{began:yyyyMMddTHHmmssZ}");
    }
}
