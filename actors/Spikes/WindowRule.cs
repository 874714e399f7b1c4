using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Spikes;

/// <summary>What rules that compare a step with a window of the last ones depend on.</summary>
public abstract record WindowRuleOptions : IOptions
{
    [Option("window of previous steps to compare with", Min = 2, Max = 4096)]
    public int Window { get; init; } = 128;

    [Option("warm-up steps before the rule judges", Min = 2, Max = 4096)]
    public int Warmup { get; init; } = 64;

    /// <summary>Whether steps whose update was skipped are remembered too. They widen the window's spread, so that what comes next
    /// passes.</summary>
    public bool FeedsLeftOut { get; init; }

    public IEnumerable<OptionProblem> Validate()
    {
        if (Warmup > Window)
        {
            yield return new(
                $"{nameof(Warmup):key} {Warmup} is above {nameof(Window):key} {Window}, "
                + $"so the rule would never judge a step; lower it.");
        }
    }
}

/// <summary>Compares signals of a step, such as loss and gradient norm, with those of the last ones; what is out of place is vetoed, for
/// nothing is applied yet.</summary>
/// <remarks>It remembers the values of the first signal, the oldest step first, and then those of the next. It rests in steps of which one
/// was not measured, or is no number: those are never remembered, and the latter are the affair of <see cref="NonFiniteRule"/>.</remarks>
public abstract class WindowRule(WindowRuleOptions options, WatchedSignals watched) : SpikeRule
{
    public sealed override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
    {
        ArgumentNullException.ThrowIfNull(signals);
        if (watched.Of(signals) is not { } values)
            return new Opinion(null, memory, memory);
        var windows = watched.Split(memory);
        var length = windows[0].Length;
        var finding = length < options.Warmup ? null : Find(signals, windows);
        var from = Math.Max(0, length + 1 - options.Window);
        ImmutableArray<double> fed = [.. windows.SelectMany((window, i) => window[from..].Add(values[i]))];
        return new Opinion(finding, fed, options.FeedsLeftOut ? fed : memory);
    }

    /// <summary>What is out of place in a step, if anything.</summary>
    /// <param name="signals">The step; what is watched of it is finite.</param>
    /// <param name="windows">Of each signal that is watched, its values in the last steps, at least two, the oldest first.</param>
    protected abstract Finding? Find(StepSignals signals, IReadOnlyList<ImmutableArray<double>> windows);

    /// <summary>The finding that a signal is above a limit; null where it is not.</summary>
    /// <param name="limit">The most that it may be.</param>
    /// <param name="words">How the limit came about, to follow it.</param>
    protected Finding? Above(StepSignals signals, SpikeSignal signal, double limit, string words)
    {
        ArgumentNullException.ThrowIfNull(signals);
        ArgumentNullException.ThrowIfNull(signal);
        var value = signal.Of(signals);
        return value > limit
            ? new Finding(Name, signal.Name, value, limit, signals.Step, SpikeAnswer.Veto,
                $"the {signal.In(signals)} is {value:0.####}, above {limit:0.####}, {words}")
            : null;
    }
}
