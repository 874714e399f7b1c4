using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Steps;

namespace ActorTrain.Host.Pretraining;

/// <summary>Tries a step until its update may be applied: a vetoed batch goes onto the skip list, and the step is planned again without
/// it.</summary>
/// <param name="plan">Says what a step trains on.</param>
/// <param name="skips">What is left out so far.</param>
internal sealed class VetoLadder(BatchPlan plan, SkipList skips)
{
    /// <summary>So many batches in a row without one usable gradient mean that the weights are broken, not the data.</summary>
    public const int Limit = 10;

    /// <summary>What is left out, the batches vetoed so far among it.</summary>
    public SkipList Skips { get; private set; } = skips;

    /// <summary>Climbs until an attempt is accepted.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="attempt">Computes the step's gradient without what is skipped, and measures it.</param>
    /// <param name="warn">Told of each veto in one sentence.</param>
    /// <returns>The measure of the attempt that was accepted: the last one made.</returns>
    /// <exception cref="UserErrorException"><see cref="Limit"/> attempts in a row were vetoed.</exception>
    public StepMeasure Take(long step, Func<SkipList, StepMeasure> attempt, Action<string> warn)
    {
        for (var vetoes = 0; vetoes < Limit; vetoes++)
        {
            var measure = attempt(Skips);
            if (StepVerdict.Judge(measure).Reason is not { } reason)
                return measure;
            warn($"{reason}; its batch is skipped.");
            foreach (var sample in plan.Samples(step, Skips))
                Skips = Skips.With(new SkippedRange(sample.Position, 1, reason));
        }

        throw new UserErrorException(
            $"Step {step} was vetoed {Limit} times in a row, so the weights are broken; lower training.learning_rate in a run of another name.");
    }
}
