using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Spikes;

/// <summary>By default twice the mean of 100 steps, for 5 consecutive steps.</summary>
public sealed record RunningMultipleOptions : IOptions
{
    [Option("running_multiple (llm-foundry): roll back when a signal stays at this multiple of its mean",
        Key = "", Above = 1)]
    public double Multiple { get; init; } = 2;

    [Option("window of the mean, in steps", Min = 2, Max = 4096)]
    public int Window { get; init; } = 100;

    [Option("consecutive outliers tolerated", Max = 4096)]
    public int Patience { get; init; } = 4;

    [Option("signals that running_multiple watches, each on its own: see mean_sigma")]
    public WatchedSignals Signals { get; init; } = WatchedSignals.Loss;
}

/// <summary>A loss, or another signal, that stays above a multiple of its running mean. Updates have been applied by then, so it requests a
/// rollback to before the first of them.</summary>
/// <remarks>Source: mosaicml/llm-foundry, <c>callbacks/kill_loss_spike_callback.py</c>, <c>KillLossSpike</c>: <c>outlier_multiplier</c> 2,
/// <c>patience</c> 4, window 100; outliers stay in the window, and a sequence ends with the first loss that is not one. Memory, per signal:
/// consecutive outliers, the step of the first, and the window, oldest first.</remarks>
public sealed class RunningMultipleRule(RunningMultipleOptions options) : SpikeRule
{
    public const string Id = "running_multiple";

    private const int Head = 2;

    public override string Name => Id;

    public override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
    {
        ArgumentNullException.ThrowIfNull(signals);
        if (options.Signals.Of(signals) is not { } values)
            return new Opinion(null, memory, memory);
        var opinions = options.Signals.Split(memory).Select((own, i) => Judge(signals, options.Signals[i], values[i], own)).ToList();
        return new Opinion(
            opinions.Select(static opinion => opinion.Finding).FirstOrDefault(static finding => finding is not null),
                [.. opinions.SelectMany(static opinion => opinion.Memory)], memory);
    }

    private (Finding? Finding, ImmutableArray<double> Memory) Judge(StepSignals signals, SpikeSignal signal, double value,
        ImmutableArray<double> memory)
    {
        var (row, first, window) = memory.Length > Head && memory.Length <= Head + options.Window
            ? ((int)memory[0], (long)memory[1], memory[Head..]) : (0, 0, []);
        Finding? finding = null;
        if (window.Length == options.Window)
        {
            double sum = 0;
            foreach (var earlier in window)
                sum += earlier;
            var limit = options.Multiple * (sum / window.Length);
            (row, first) = value < limit ? (0, 0) : (row + 1, row == 0 ? signals.Step : first);
            if (row > options.Patience)
            {
                finding = new Finding(
                    Name, signal.Name, value, limit, first, SpikeAnswer.RollBack,
                    $"the {signal.In(signals)} is {value:0.####}, for {row} steps at least {options.Multiple} times the mean of "
                        + $"the last {window.Length}");
            }
        }

        return (finding, [row, first, .. window.Length < options.Window ? window : window[1..], value]);
    }
}
