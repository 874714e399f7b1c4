using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Options;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Actors.Spikes;

public sealed record PolicyDriftOptions : IOptions
{
    [Option("policy_drift: roll back when the mean KL divergence of a completion from the base model exceeds this; 0: never",
        Unit = "nats")]
    public double Divergence { get; init; }

    [Option("roll back when the mean entropy of a token is below this; 0: never", Unit = "nats")]
    public double Entropy { get; init; }

    [Option("roll back when the reward rises and a part of it falls, from one half of the window to the other, each by this many "
        + "standard errors, which is what a policy does that exploits the other parts; 0: never")]
    public double Hacking { get; init; } = 6;

    [Option("window of steps for {Hacking}", Min = 8, Max = 4096)]
    public int Window { get; init; } = 64;
}

/// <summary>A policy that leaves the region in which its reward means something: too far from the base model, too sure of itself, or at the
/// expense of a part of the reward. Requests a rollback, since the weights show it, not the batch.</summary>
/// <remarks>Rising and falling: Welch's t of the halves of the window. A part with a negative weight falls when its value rises. Inactive
/// without rollouts. Memory: the reward and then the parts of each of the last steps, oldest first.</remarks>
/// <param name="weights">Of the parts of the reward.</param>
public sealed class PolicyDriftRule(PolicyDriftOptions options, IReadOnlyList<double> weights) : SpikeRule
{
    public const string Id = "policy_drift";

    public override string Name => Id;

    public override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
    {
        ArgumentNullException.ThrowIfNull(signals);
        if (signals.Rollouts is not { } rollouts)
            return new Opinion(null, memory, memory);
        if (options.Divergence > 0 && rollouts.Divergence > options.Divergence)
            return Found(signals, "KL divergence", rollouts.Divergence.Value, options.Divergence, "nats per completion, above");
        if (options.Entropy > 0 && rollouts.Entropy < options.Entropy)
            return Found(signals, "entropy", rollouts.Entropy, options.Entropy, "nats per token, below");
        return options.Hacking > 0 ? JudgeParts(signals, rollouts, memory) : new Opinion(null, memory, memory);
    }

    private Opinion JudgeParts(StepSignals signals, RolloutSummary rollouts, ImmutableArray<double> memory)
    {
        double[] row = [rollouts.Reward, .. rollouts.Parts.Select((part, i) => i < weights.Count && weights[i] < 0 ? -part : part)];
        if (!Array.TrueForAll(row, double.IsFinite))
            return new Opinion(null, memory, memory);
        var kept = memory.Length % row.Length == 0 ? memory : [];
        var next = kept.AddRange(row);
        var steps = next.Length / row.Length;
        if (steps > options.Window)
            (next, steps) = (next.RemoveRange(0, row.Length), options.Window);
        var rise = steps < options.Window ? 0 : RiseOf(0);
        if (rise > options.Hacking)
        {
            for (var part = 0; part < rollouts.Parts.Count; part++)
            {
                if (RiseOf(part + 1) is var fall && fall >= -options.Hacking)
                    continue;

                // If it continues nevertheless, this is where it starts from.
                var finding = new Finding(
                    Name, "reward", rise, options.Hacking, Math.Max(0, signals.Step - (options.Window / 2)), SpikeAnswer.RollBack,
                    $"over the last {options.Window} steps before step {signals.Step} the reward rose by {rise:0.#} standard errors while "
                        + $"part {part + 1} of it fell by {-fall:0.#}");
                return new Opinion(finding, [], []);
            }
        }

        return new Opinion(null, next, memory);

        double RiseOf(int column)
        {
            var half = steps / 2;
            var (earlier, spread) = Moments(column, 0, half);
            var (later, other) = Moments(column, half, steps);
            var difference = later - earlier;
            return difference == 0 ? 0 : difference / Math.Sqrt((spread / half) + (other / (steps - half)));
        }

        (double Mean, double Variance) Moments(int column, int from, int to)
        {
            var (sum, squares) = (0.0, 0.0);
            for (var step = from; step < to; step++)
                sum += next[(step * row.Length) + column];
            var mean = sum / (to - from);
            for (var step = from; step < to; step++)
                squares += Square(next[(step * row.Length) + column] - mean);
            return (mean, squares / (to - from - 1));
        }
    }

    private static double Square(double value) => value * value;

    private Opinion Found(StepSignals signals, string signal, double value, double limit, string words)
    {
        var finding = new Finding(
            Name, signal, value, limit, Math.Max(0, signals.Step - 1), SpikeAnswer.RollBack,
            $"the {signal} of the rollouts of step {signals.Step} is {value:0.####} {words} {limit:0.####}");
        return new Opinion(finding, [], []);
    }
}
