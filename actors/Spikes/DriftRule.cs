using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Spikes;

public sealed record DriftOptions : IOptions
{
    [Option("drift: roll back when the cumulative rise of the loss (CUSUM) exceeds this many σ", Key = "", Above = 0)]
    public double Limit { get; init; } = 20;

    [Option("averaging window, in steps, for the level and σ of the loss; also the warm-up before drift judges", Min = 2, Max = 4096)]
    public int Window { get; init; } = 64;

    [Option("slack above the level at each step, in σ", Max = 100)]
    public double Slack { get; init; } = 0.5;

    [Option("maximum contribution of one step, in σ; above {Slack}", Above = 0, Max = 100)]
    public double Cap { get; init; } = 2;

    [Option("lower bound on σ, as a fraction of the loss", Above = 0, Max = 1)]
    public double Floor { get; init; } = 0.005;

    public IEnumerable<OptionProblem> Validate()
    {
        if (Cap <= Slack)
        {
            yield return new(
                $"{nameof(Cap):key} {Cap} is not above {nameof(Slack):key} {Slack}, so no rise would ever be detected; raise it.");
        }
    }
}

/// <summary>A loss that climbs over many steps, none of which is an outlier by itself. Requests a rollback to the start of the
/// climb.</summary>
/// <remarks>Source: Page 1954, "Continuous Inspection Schemes", Biometrika 41: the one-sided cumulative sum S ← max(0, S + z − k) against
/// h, whose last zero estimates the onset; z, capped, is the distance of the log loss from its level. The level is a running mean that is
/// frozen while S is above half of its limit, so that a climb does not become the new level; frozen any earlier, it would be the mean of
/// low losses only, and a plateau would look like a climb. The spread is that of successive differences (von Neumann 1941), in which a
/// trend cancels. Memory: steps seen, level, variance, last log loss, S, and the step after its last zero.</remarks>
public sealed class DriftRule(DriftOptions options) : SpikeRule
{
    public const string Id = "drift";

    // Larger differences are capped at this many standard deviations.
    private const double MostDifference = 3;

    public override string Name => Id;

    public override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
    {
        ArgumentNullException.ThrowIfNull(signals);

        // The loss of a policy says nothing about how good it is.
        if (signals.Rollouts is not null || !double.IsFinite(signals.Loss) || signals.Loss <= 0)
            return new Opinion(null, memory, memory);
        var x = Math.Log(signals.Loss);
        if (memory is not [var seen, var level, var variance, var last, var sum, var start])
            return new Opinion(null, [1, x, 0, x, 0, signals.Step], memory);

        var isActive = seen >= options.Window;
        var step = (x - last) * (x - last) / 2;
        if (isActive)
            step = Math.Min(step, MostDifference * MostDifference * Math.Max(variance, options.Floor * options.Floor));
        var sigma = Math.Max(options.Floor, Math.Sqrt(isActive ? variance : variance + ((step - variance) / seen)));
        var z = Math.Clamp((x - level) / sigma, -options.Cap, options.Cap);
        if (sum == 0)
            start = signals.Step;
        sum = isActive ? Math.Max(0, sum + z - options.Slack) : 0;
        if (sum <= options.Limit / 2)
            level += (isActive ? Math.Min(x - level, options.Cap * sigma) : x - level) / Math.Min(seen, options.Window / 2.0);
        variance += (step - variance) / Math.Min(seen, options.Window);
        ImmutableArray<double> next = [seen + 1, level, variance, x, sum, start];
        if (sum <= options.Limit)
            return new Opinion(null, next, memory);

        var above = Math.Exp(x - level) - 1;
        var finding = new Finding(
            Name, SpikeSignal.Loss.Name, signals.Loss, Math.Exp(level), (long)start, SpikeAnswer.RollBack,
            $"the loss has risen since step {start} to {signals.Loss:0.####} at step {signals.Step}, {100 * above:0.#} % above its "
                + $"level of {Math.Exp(level):0.####}");

        // If it continues nevertheless, this is its level from now on.
        return new Opinion(finding, [seen + 1, x, variance, x, 0, signals.Step], memory);
    }
}
