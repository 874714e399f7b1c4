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
            // Those of the same prompts were sampled by weights that the run has left, or were found wrong.
            var positions = experience.Groups.Select(static group => group.Position).ToList();
            foreach (var former in kept.Where(former => former.Holds(positions)).ToList())
                kept.Remove(former);
            kept.AddFirst(experience);

            // Rollouts of a step may be ready before those of all earlier and all later steps that are sampled beside it.
            if (kept.Count > 2 * schedule.Ahead)
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
