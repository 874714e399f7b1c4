using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Spikes;

/// <summary>Options of rules that compare a step with a window of the last ones.</summary>
public abstract record WindowRuleOptions : IOptions
{
    [Option("window of previous steps to compare with", Min = 2, Max = 4096)]
    public int Window { get; init; } = 128;

    [Option("warm-up steps before the rule judges", Min = 2, Max = 4096)]
    public int Warmup { get; init; } = 64;

    /// <summary>Whether the window includes steps whose update was skipped. They widen its spread, so that following ones pass.</summary>
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

/// <summary>Compares signals of a step, such as loss and gradient norm, with those of the last ones; vetoes outliers, since nothing is
/// applied yet.</summary>
/// <remarks>Memory: the window of the first signal, oldest first, then that of the next. Inactive in steps with a signal not measured or
/// not finite; these are never remembered, and <see cref="NonFiniteRule"/> handles the latter.</remarks>
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

    /// <param name="signals">The rule's signals in it are finite.</param>
    /// <param name="windows">For each signal, its values in the last steps, at least two, oldest first.</param>
    protected abstract Finding? Find(StepSignals signals, IReadOnlyList<ImmutableArray<double>> windows);

    /// <summary>A finding if a signal is above a limit; else null.</summary>
    /// <param name="limit">Largest normal value.</param>
    /// <param name="words">How the limit was derived, to follow it.</param>
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
