using System.Diagnostics;
using System.Globalization;

namespace ActorTrain.Actors.Metrics;

/// <summary>Where measurements go, and what their figures are worked out from.</summary>
public sealed record MetricsOptions
{
    private static readonly string ThisProcess = NameThisProcess();

    public required string MetricsFile { get; init; }

    public required string LedgerFile { get; init; }

    /// <summary>Tokens of a global batch.</summary>
    public required long TokensPerStep { get; init; }

    /// <summary>Floating-point operations of forward and backward, per token.</summary>
    public required double FlopsPerToken { get; init; }

    /// <summary>The machine's rate of matrix products, in FLOP/s; see <c>gemm_percent</c>.</summary>
    public required double GemmRate { get; init; }

    /// <summary>Who writes, as rows say; this process unless another name is given.</summary>
    public string Writer { get; init; } = ThisProcess;

    // A process number alone comes again, soonest in a container.
    private static string NameThisProcess()
    {
        using var process = Process.GetCurrentProcess();
        var began = process.StartTime.ToUniversalTime();
        return string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}/{process.Id}/{began:yyyyMMddTHHmmssZ}");
    }
}
