using System.Collections.Immutable;

namespace ActorTrain.Actors.Spikes;

/// <summary>What rules that compare a step with a window of the last ones depend on.</summary>
public abstract record WindowRuleOptions
{
    /// <summary>Steps that are remembered.</summary>
    public int Window { get; init; } = 128;

    /// <summary>Steps that must be remembered before the rule says anything, at least 2.</summary>
    public int Warmup { get; init; } = 64;

    /// <summary>Whether steps whose update was left out are remembered too. They widen the window's spread, so that what comes next passes.</summary>
    public bool FeedsLeftOut { get; init; }
}

/// <summary>Compares loss and gradient norm of a step with those of the last ones; what is out of place is vetoed, for nothing is applied yet.</summary>
/// <remarks>It remembers the losses and then the norms, the oldest step first. Steps of which one is no number are never remembered, and are the affair of
/// <see cref="NonFiniteRule"/>.</remarks>
/// <param name="options">How wide the window is.</param>
public abstract class WindowRule(WindowRuleOptions options) : SpikeRule
{
    /// <inheritdoc/>
    public sealed override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
    {
        ArgumentNullException.ThrowIfNull(signals);
        if (!double.IsFinite(signals.Loss) || !double.IsFinite(signals.GradientNorm))
            return new Opinion(null, memory, memory);
        var length = memory.Length / 2;
        var (losses, norms) = (memory[..length], memory[length..]);
        var finding = length < options.Warmup ? null : Find(signals, losses.AsSpan(), norms.AsSpan());
        var from = Math.Max(0, length + 1 - options.Window);
        ImmutableArray<double> fed = [.. losses[from..], signals.Loss, .. norms[from..], signals.GradientNorm];
        return new Opinion(finding, fed, options.FeedsLeftOut ? fed : memory);
    }

    /// <summary>What is out of place in a step, if anything.</summary>
    /// <param name="signals">The step; its loss and gradient norm are finite.</param>
    /// <param name="losses">Losses of the last steps, at least two, the oldest first.</param>
    /// <param name="norms">Their gradient norms.</param>
    protected abstract Finding? Find(StepSignals signals, ReadOnlySpan<double> losses, ReadOnlySpan<double> norms);

    /// <summary>The finding that a signal is above a limit; null where it is not.</summary>
    /// <param name="signals">The step.</param>
    /// <param name="signal">Which signal.</param>
    /// <param name="limit">The most that it may be.</param>
    /// <param name="words">How the limit came about, to follow it.</param>
    protected Finding? Above(StepSignals signals, SpikeSignal signal, double limit, string words)
    {
        ArgumentNullException.ThrowIfNull(signals);
        var (name, value) = (SpikeSignals.NameOf(signal), signals.Of(signal));
        return value > limit
            ? new Finding(Name, name, value, limit, signals.Step, SpikeAnswer.Veto, Words($"the {name} of step {signals.Step} is {value:0.####}, above {limit:0.####}, {words}"))
            : null;
    }
}
