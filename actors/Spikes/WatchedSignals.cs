using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Spikes;

/// <summary>The signals that a rule uses, always in the order of <see cref="SpikeSignal.All"/>, so that findings and memory do not depend
/// on the order given.</summary>
public sealed record WatchedSignals : IOptionText<WatchedSignals>
{
    private readonly EquatableArray<SpikeSignal> signals;

    public WatchedSignals(params IEnumerable<SpikeSignal> signals)
    {
        ArgumentNullException.ThrowIfNull(signals);
        this.signals = [.. SpikeSignal.All.Where(signals.Contains)];
        if (this.signals.Count == 0)
            throw new ArgumentException("A rule must watch at least one signal.", nameof(signals));
    }

    public static WatchedSignals Loss { get; } = new(SpikeSignal.Loss);

    public static WatchedSignals LossAndNorm { get; } = new(SpikeSignal.Loss, SpikeSignal.GradientNorm);

    public static string Expectation { get; } = $"a comma-separated list of {string.Join(", ", SpikeSignal.All)}, each at most once";

    public int Count => signals.Count;

    public SpikeSignal this[int index] => signals[index];

    public bool Contains(SpikeSignal signal) => signals.Contains(signal);

    public static WatchedSignals? Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var words = text.Split(',', StringSplitOptions.TrimEntries);
        var named = SpikeSignal.All.Where(signal => words.Contains(signal.Word)).ToList();
        return named.Count == words.Length ? new WatchedSignals(named) : null;
    }

    /// <summary>Values of a step, in order; null if one is not measured or not finite.</summary>
    public double[]? Of(StepSignals step)
    {
        List<double> values = [.. signals.Select(signal => signal.Known(step)).OfType<double>()];
        return values.Count == Count ? [.. values] : null;
    }

    /// <summary>Splits a rule's memory into parts of equal length, one per signal; empty parts if the length does not match.</summary>
    internal ImmutableArray<double>[] Split(ImmutableArray<double> memory)
    {
        var length = memory.Length % Count == 0 ? memory.Length / Count : 0;
        return [.. Enumerable.Range(0, Count).Select(i => memory.Slice(i * length, length))];
    }

    public override string ToString() => string.Join(", ", signals);
}
