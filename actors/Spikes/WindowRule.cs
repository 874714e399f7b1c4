using System.Collections.Immutable;

namespace ActorTrain.Actors.Spikes;

/// <summary>What rules that compare a step with a window of the last ones depend on.</summary>
public abstract record WindowRuleOptions
{
    private static readonly ImmutableArray<SpikeSignal> Both = [SpikeSignal.Loss, SpikeSignal.GradientNorm];

    /// <summary>Steps that are remembered.</summary>
    public int Window { get; init; } = 128;

    /// <summary>Steps that must be remembered before the rule says anything, at least 2.</summary>
    public int Warmup { get; init; } = 64;

    /// <summary>What is looked at.</summary>
    public ImmutableArray<SpikeSignal> Signals { get; init; } = Both;

    /// <summary>Whether steps whose update was left out are remembered too. They widen the window's spread, so that what comes next passes.</summary>
    public bool FeedsLeftOut { get; init; }
}

/// <summary>Compares a step with a limit made of the last ones; what is above it is vetoed, for nothing is applied yet.</summary>
/// <remarks>It remembers the windows of its signals one after the other, the oldest step first. Values that are no numbers are never
/// remembered, and are the affair of <see cref="NonFiniteRule"/>.</remarks>
/// <param name="options">Windows and signals.</param>
public abstract class WindowRule(WindowRuleOptions options) : SpikeRule
{
    /// <inheritdoc/>
    public sealed override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
    {
        ArgumentNullException.ThrowIfNull(signals);
        double[] values = [.. options.Signals.Select(signal => signals.Of(signal))];
        if (!Array.TrueForAll(values, double.IsFinite))
            return new Opinion(null, memory, memory);
        var length = memory.Length / values.Length;
        Finding? finding = null;
        for (var i = 0; i < values.Length && finding is null && length >= options.Warmup; i++)
            finding = Find(signals.Step, options.Signals[i], values[i], memory.AsSpan().Slice(i * length, length));
        var fed = Feed(memory, values, length);
        return new Opinion(finding, fed, options.FeedsLeftOut ? fed : memory);
    }

    /// <summary>The most that a step may show, and how that came about, to follow "above".</summary>
    /// <param name="signal">Of what.</param>
    /// <param name="window">The last steps, at least two, the oldest first.</param>
    protected abstract (double Limit, string Words) LimitOf(SpikeSignal signal, ReadOnlySpan<double> window);

    private Finding? Find(long step, SpikeSignal signal, double value, ReadOnlySpan<double> window)
    {
        var (limit, words) = LimitOf(signal, window);
        var name = SpikeSignals.NameOf(signal);
        return value > limit ? new Finding(Name, name, value, limit, step, SpikeAnswer.Veto, Words($"the {name} of step {step} is {value:0.####}, above {words}")) : null;
    }

    private ImmutableArray<double> Feed(ImmutableArray<double> memory, double[] values, int length)
    {
        var from = Math.Max(0, length + 1 - options.Window);
        var fed = ImmutableArray.CreateBuilder<double>(values.Length * (length - from + 1));
        for (var i = 0; i < values.Length; i++)
        {
            fed.AddRange(memory.AsSpan().Slice((i * length) + from, length - from));
            fed.Add(values[i]);
        }

        return fed.MoveToImmutable();
    }
}
