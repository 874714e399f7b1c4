using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Spikes;

/// <summary>The signals that a rule looks at, in the order of <see cref="SpikeSignal.All"/> however they were named, so that neither
/// findings nor what a rule remembers depend on that.</summary>
public sealed record WatchedSignals : IOptionText<WatchedSignals>
{
    private readonly EquatableArray<SpikeSignal> signals;

    /// <summary>Watches some signals, at least one.</summary>
    public WatchedSignals(params IEnumerable<SpikeSignal> signals)
    {
        ArgumentNullException.ThrowIfNull(signals);
        this.signals = [.. SpikeSignal.All.Where(signals.Contains)];
        if (this.signals.Count == 0)
            throw new ArgumentException("A rule must watch at least one signal.", nameof(signals));
    }

    public static WatchedSignals Loss { get; } = new(SpikeSignal.Loss);

    /// <summary>The loss, and the norm of the whole gradient.</summary>
    public static WatchedSignals LossAndNorm { get; } = new(SpikeSignal.Loss, SpikeSignal.GradientNorm);

    public static string Expectation { get; } = $"a comma-separated list of {string.Join(", ", SpikeSignal.All)}, each at most once";

    public int Count => signals.Count;

    public SpikeSignal this[int index] => signals[index];

    /// <summary>Whether a signal is among them.</summary>
    public bool Contains(SpikeSignal signal) => signals.Contains(signal);

    public static WatchedSignals? Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var words = text.Split(',', StringSplitOptions.TrimEntries);
        var named = SpikeSignal.All.Where(signal => words.Contains(signal.Word)).ToList();
        return named.Count == words.Length ? new WatchedSignals(named) : null;
    }

    /// <summary>Their values in a step, in order; null where one was not measured, or is no number.</summary>
    public double[]? Of(StepSignals step)
    {
        List<double> values = [.. signals.Select(signal => signal.Known(step)).OfType<double>()];
        return values.Count == Count ? [.. values] : null;
    }

    /// <summary>Cuts what a rule remembers into parts of one length, one for each signal; empty ones where it is not of such a
    /// shape.</summary>
    internal ImmutableArray<double>[] Split(ImmutableArray<double> memory)
    {
        var length = memory.Length % Count == 0 ? memory.Length / Count : 0;
        return [.. Enumerable.Range(0, Count).Select(i => memory.Slice(i * length, length))];
    }

    public override string ToString() => string.Join(", ", signals);
}
