using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Actors.Nodes;

/// <summary>What the trainers of a node train on: the process that leads is asked each time which rollouts count, and they are copied
/// once.</summary>
/// <param name="client">Not owned.</param>
/// <param name="advantages">Of the run.</param>
/// <param name="longest">Most tokens of a completion.</param>
public sealed class NodeExperiences(DataPlaneClient client, AdvantageOptions advantages, int longest) : IExperiences
{
    // That of the step under way, and one of a batch that is tried on other weights.
    private const int Kept = 2;

    private readonly Lock gate = new();
    private readonly LinkedList<Experience> known = [];

    public Experience Holding(IReadOnlyList<long> positions)
    {
        lock (gate)
        {
            var former = known.FirstOrDefault(experience => experience.Holds(positions));
            var found = client.FindExperience(positions, former?.Hash ?? 0) ?? throw Missing(positions);
            if (found.Hash == former?.Hash)
                return former;
            var pulled = ExperienceCodec.Read(found, advantages, longest);
            known.AddFirst(pulled);
            if (known.Count > Kept)
                known.RemoveLast();
            return pulled;
        }
    }

    private Exception Missing(IReadOnlyList<long> positions) => client.Reason is { } reason ? new DataPlaneException(reason)
        : new InvariantException($"The process that leads has no rollouts of the prompts at positions {string.Join(", ", positions)}.");
}
