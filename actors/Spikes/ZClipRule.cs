using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Spikes;

/// <summary>By default α 0.97, z 2.5, 25 steps of warm-up.</summary>
public sealed record ZClipOptions : IOptions
{
    [Option("zclip (ZClip): clip the gradient norm when it is this many σ above its running mean", Key = "", Above = 0)]
    public double Z { get; init; } = 2.5;

    [Option("decay of the running mean and variance per step", Below = 1)]
    public double Alpha { get; init; } = 0.97;

    [Option("warm-up steps before zclip clips", Min = 2, Max = 4096)]
    public int Warmup { get; init; } = 25;
}

/// <summary>Clips a gradient whose norm is an outlier among earlier ones, and the more the further out it is; milder than skipping its
/// batch.</summary>
/// <remarks>Source: Kumar et al. 2025, "ZClip: Adaptive Spike Mitigation for LLM Pre-Training", section 3, and bluorion-com/ZClip, mode
/// <c>zscore</c> with <c>adaptive_scaling</c>: a norm of z-score z &gt; z* is clipped to mean + σ·z*² / z; mean and variance are running
/// averages, updated with the clipped norm, the variance around the new mean. Memory: the norms of the warm-up; then a mark, the mean and
/// the variance.</remarks>
public sealed class ZClipRule(ZClipOptions options) : SpikeRule
{
    public const string Id = "zclip";

    private const double Epsilon = 1e-6;

    // Norms are never negative, so this mark distinguishes later memory from warm-up norms.
    private const double Running = -1;

    public override string Name => Id;

    public override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
    {
        ArgumentNullException.ThrowIfNull(signals);
        var norm = signals.GradientNorm;
        if (!double.IsFinite(norm))
            return new Opinion(null, memory, memory);
        if (memory is not [Running, var mean, var variance])
            return new Opinion(null, Warmed(memory.Add(norm)), memory);

        var sigma = Math.Sqrt(variance);
        var z = (norm - mean) / (sigma + Epsilon);
        if (z <= options.Z)
            return new Opinion(null, Fed(mean, variance, norm), memory);
        var limit = mean + (options.Z * sigma / (z / options.Z));
        var finding = new Finding(
            Name, SpikeSignal.GradientNorm.Name, norm, limit, signals.Step, SpikeAnswer.Clip,
            $"the gradient norm of step {signals.Step} is {norm:0.####}, {z:0.#} σ above its running mean of {mean:0.####}");
        return new Opinion(finding, Fed(mean, variance, limit), memory) { Wants = new UpdateAdjustment { ClipTo = limit } };
    }

    private ImmutableArray<double> Warmed(ImmutableArray<double> norms)
    {
        if (norms.Length < options.Warmup)
            return norms;
        double sum = 0;
        foreach (var norm in norms)
            sum += norm;
        var mean = sum / norms.Length;
        double squares = 0;
        foreach (var norm in norms)
            squares += (norm - mean) * (norm - mean);
        return [Running, mean, squares / norms.Length];
    }

    private ImmutableArray<double> Fed(double mean, double variance, double norm)
    {
        var next = (options.Alpha * mean) + ((1 - options.Alpha) * norm);
        return [Running, next, (options.Alpha * variance) + ((1 - options.Alpha) * (norm - next) * (norm - next))];
    }
}
