using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Actors.PostTraining;

/// <summary>What trainers train on, in the memory of this process. Thread-safe.</summary>
/// <param name="schedule">Says how many batches may be ready before the first of them is done with.</param>
public sealed class ExperienceMemory(RolloutSchedule schedule)
{
    private readonly Lock gate = new();
    private readonly LinkedList<Experience> kept = [];

    public void Put(Experience experience)
    {
        lock (gate)
        {
            kept.AddFirst(experience);
            if (kept.Count > schedule.Ahead + 1)
                kept.RemoveLast();
        }
    }

    /// <summary>The rollouts of some prompts of a step, as micro-batches.</summary>
    /// <param name="microBatch">Rollouts per batch, at most.</param>
    public IEnumerable<RolloutBatch> Batches(IEnumerable<PlannedSample> prompts, int microBatch)
    {
        long[] positions = [.. prompts.Select(static prompt => prompt.Position)];
        return Find(positions).Batches(positions, microBatch);
    }

    /// <summary>Tokens that are trained on in the step of some prompts.</summary>
    public long Tokens(IEnumerable<PlannedSample> prompts) => Find([.. prompts.Select(static prompt => prompt.Position)]).Counts.Tokens;

    // The newest: older ones with the same prompts were sampled by weights that the run has left.
    private Experience Find(long[] positions)
    {
        lock (gate)
        {
            return kept.FirstOrDefault(experience => experience.Holds(positions)) ?? throw new InvariantException(
                $"There are no rollouts of the prompts at positions {string.Join(", ", positions)}.");
        }
    }
}
