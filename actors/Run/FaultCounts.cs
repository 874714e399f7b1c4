using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Counts failures of actors without an entry of their own, with the last reason of each.</summary>
internal sealed class FaultCounts
{
    private readonly SortedDictionary<ActorId, (int Count, string Reason)> faults = new(ActorId.Order);

    public IEnumerable<(ActorId Actor, int Count, string Reason)> All =>
        faults.Select(static fault => (fault.Key, fault.Value.Count, fault.Value.Reason));

    public void Add(ActorId actor, string reason) => faults[actor] = (faults.GetValueOrDefault(actor).Count + 1, reason);
}
