using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Spikes;

/// <summary>By default 10 times the largest of the first 100.</summary>
public sealed record FirstMaxOptions : IOptions
{
    [Option("first_max (Megatron-LM): veto when a signal reaches this multiple of its maximum over the first steps",
        Key = "", Min = 1)]
    public double Factor { get; init; } = 10;

    [Option("number of first steps that set the maximum", Min = 1)]
    public int Samples { get; init; } = 100;

    [Option("signals that first_max watches: see mean_sigma")]
    public WatchedSignals Signals { get; init; } = WatchedSignals.LossAndNorm;
}

/// <summary>A multiple of the largest loss, gradient norm or other signal of the first steps, which only broken arithmetic
/// reaches.</summary>
/// <remarks>Source: NVIDIA/Megatron-LM, <c>core/rerun_state_machine.py</c>, <c>is_unexpectedly_large</c>: threshold 10
/// (<c>SPIKY_LOSS_FACTOR</c>) and <c>num_samples</c> 100. Both ignore NaN and infinity. Memory: steps sampled, and the largest value of
/// each signal.</remarks>
public sealed class FirstMaxRule(FirstMaxOptions options) : SpikeRule
{
    public const string Id = "first_max";

    public override string Name => Id;

    public override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
    {
        ArgumentNullException.ThrowIfNull(signals);
        if (options.Signals.Of(signals) is not { } read)
            return new Opinion(null, memory, memory);
        double[] values = [.. read.Select(Math.Abs)];

        // Memory of another number of signals is of no use.
        if (memory.Length != values.Length + 1)
            return new Opinion(null, [1, .. values], memory);
        if (memory[0] < options.Samples)
            return new Opinion(null, [memory[0] + 1, .. values.Select((value, i) => Math.Max(value, memory[i + 1]))], memory);
        for (var i = 0; i < values.Length; i++)
        {
            var limit = options.Factor * memory[i + 1];
            if (values[i] < limit)
                continue;
            var signal = options.Signals[i];
            return new Opinion(
                new Finding(
                    Name, signal.Name, values[i], limit, signals.Step, SpikeAnswer.Veto,
                    $"the {signal.In(signals)} is {values[i]:0.####}, at least {options.Factor} times the maximum of the first "
                        + $"{options.Samples} steps, {memory[i + 1]:0.####}"),
                memory, memory);
        }

        return new Opinion(null, memory, memory);
    }
}
