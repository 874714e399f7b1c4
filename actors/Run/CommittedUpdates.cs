using ActorTrain.Actors.Protocol;
using ActorTrain.Models;

namespace ActorTrain.Actors.Run;

/// <summary>Committed updates that at least one trainer has not applied, oldest first; the transport keeps their totals.</summary>
internal sealed class CommittedUpdates
{
    private readonly List<ApplyUpdate> updates = [];

    public int Count => updates.Count;

    /// <summary>The step of the oldest update, which is the oldest state that can still catch up; null if there is none.</summary>
    public long? Oldest => updates is [var first, ..] ? first.Round.Step : null;

    public void Add(ApplyUpdate update)
    {
        if (updates is [.., var last] && update.Round.Step != last.Round.Step + 1)
            throw new InvariantException($"Step {update.Round.Step} was committed after step {last.Round.Step}.");
        updates.Add(update);
    }

    public bool Holds(Round round) => updates.Exists(update => update.Round == round);

    /// <summary>Updates of the steps in [from, before).</summary>
    public IEnumerable<ApplyUpdate> Between(long from, long before = long.MaxValue) =>
        updates.Where(update => update.Round.Step >= from && update.Round.Step < before);

    /// <param name="reached">Updates that every trainer has applied.</param>
    /// <returns>The rounds of the updates removed.</returns>
    public IReadOnlyList<Round> ForgetBefore(long reached)
    {
        List<Round> done = [.. updates.Select(static update => update.Round).TakeWhile(round => round.Step < reached)];
        updates.RemoveRange(0, done.Count);
        if (updates.Exists(update => update.Round.Step < reached))
            throw new InvariantException($"An update of a step before {reached}, which all trainers have applied, was kept.");
        return done;
    }
}
