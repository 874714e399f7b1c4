using ActorTrain.Actors.DataPlane;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Rollouts;

namespace ActorTrain.Actors.PostTraining;

/// <summary>Where trainers find what they train on. Thread-safe.</summary>
public interface IExperiences
{
    /// <summary>The newest that has the rollouts of all prompts at some positions: older ones were sampled by weights that the run has
    /// left.</summary>
    /// <exception cref="InvariantException">There is none.</exception>
    Experience Holding(IReadOnlyList<long> positions);
}

public static class ExperienceReading
{
    /// <summary>The rollouts of some prompts of a step, as micro-batches.</summary>
    /// <param name="microBatch">Rollouts per batch, at most.</param>
    public static IEnumerable<RolloutBatch> Batches(this IExperiences experiences, IEnumerable<PlannedSample> prompts, int microBatch)
    {
        ArgumentNullException.ThrowIfNull(experiences);
        long[] positions = [.. prompts.Select(static prompt => prompt.Position)];
        return experiences.Holding(positions).Batches(positions, microBatch);
    }

    /// <summary>Tokens that are trained on in the step of some prompts.</summary>
    public static long Tokens(this IExperiences experiences, IEnumerable<PlannedSample> prompts)
    {
        ArgumentNullException.ThrowIfNull(experiences);
        return experiences.Holding([.. prompts.Select(static prompt => prompt.Position)]).Counts.Tokens;
    }
}

/// <summary>What trainers train on, in the memory of the process that leads, which serves it to nodes.</summary>
/// <param name="schedule">Says how many batches may be ready before the first of them is done with.</param>
public sealed class ExperienceMemory(RolloutSchedule schedule) : IExperiences, IExperienceSource
{
    private readonly Lock gate = new();
    private readonly LinkedList<(Experience Experience, Lazy<ReadOnlyMemory<byte>> Content)> kept = [];

    public void Put(Experience experience)
    {
        lock (gate)
        {
            // Those of the same prompts were sampled by weights that the run has left, or were found wrong.
            var positions = experience.Groups.Select(static group => group.Position).ToList();
            foreach (var former in kept.Where(former => former.Experience.Holds(positions)).ToList())
                kept.Remove(former);
            kept.AddFirst((experience, new Lazy<ReadOnlyMemory<byte>>(() => ExperienceCodec.Write(experience))));

            // Rollouts of a step may be ready before those of all earlier and all later steps that are sampled beside it.
            if (kept.Count > 2 * schedule.Ahead)
                kept.RemoveLast();
        }
    }

    public Experience Holding(IReadOnlyList<long> positions)
    {
        lock (gate)
        {
            return kept.FirstOrDefault(one => one.Experience.Holds(positions)).Experience ?? throw new InvariantException(
                $"There are no rollouts of the prompts at positions {string.Join(", ", positions)}.");
        }
    }

    public ServedExperience? Find(IReadOnlyList<long> positions)
    {
        lock (gate)
        {
            var (experience, content) = kept.FirstOrDefault(one => one.Experience.Holds(positions));
            return experience is null ? null : new ServedExperience(experience.Hash, experience.IsOnPolicy, () => content.Value);
        }
    }
}

/// <summary>What a step is trained on, as bytes from which another process makes the same.</summary>
public static class ExperienceCodec
{
    public static byte[] Write(Experience experience)
    {
        ArgumentNullException.ThrowIfNull(experience);
        return RolloutCodec.Write(new StepRollouts(0, 0, [.. experience.Groups]) { KlCoefficient = experience.Summary.KlCoefficient });
    }

    /// <param name="pulled">With content.</param>
    /// <param name="advantages">Of the run.</param>
    /// <param name="longest">Most tokens of a completion.</param>
    /// <exception cref="InvariantException">It is another than its hash says.</exception>
    public static Experience Read(PulledExperience pulled, AdvantageOptions advantages, int longest)
    {
        ArgumentNullException.ThrowIfNull(pulled);
        ArgumentNullException.ThrowIfNull(advantages);
        var experience = RolloutCodec.Read(pulled.Content, 0) is not { } rollouts ? null
            : new Experience(rollouts.Groups, advantages.Of(rollouts), longest, pulled.IsOnPolicy);
        return experience?.Hash == pulled.Hash ? experience : throw new InvariantException(
            $"The rollouts that were copied from the process that leads are not those of hash {pulled.Hash:x16}.");
    }
}
