using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Optimization;

namespace ActorTrain.Actors.Run;

/// <summary>Updates that some trainer has yet to apply, the oldest first; their totals stay in the transport.</summary>
internal sealed class CommittedUpdates
{
    private readonly List<ApplyUpdate> updates = [];

    public int Count => updates.Count;

    /// <summary>The step of the oldest, which is the oldest state that they bring up to date; null: there is none.</summary>
    public long? Oldest => updates is [var first, ..] ? first.Round.Step : null;

    /// <summary>Adds the update of a round.</summary>
    public void Add(Round round, double norm, UpdateAdjustment adjustment)
    {
        if (updates is [.., var last] && round.Step != last.Round.Step + 1)
            throw new InvariantException($"Step {round.Step} was committed after step {last.Round.Step}.");
        updates.Add(new ApplyUpdate(round, norm, adjustment));
    }

    /// <summary>Whether there is one of a round.</summary>
    public bool Holds(Round round) => updates.Exists(update => update.Round == round);

    /// <summary>Those of the steps from one on and before another.</summary>
    public IEnumerable<ApplyUpdate> Between(long from, long before = long.MaxValue) =>
        updates.Where(update => update.Round.Step >= from && update.Round.Step < before);

    /// <summary>Forgets those that all trainers have applied.</summary>
    /// <param name="reached">Updates that every trainer has applied.</param>
    /// <returns>Their rounds.</returns>
    public IReadOnlyList<Round> ForgetBefore(long reached)
    {
        List<Round> done = [.. updates.Select(static update => update.Round).TakeWhile(round => round.Step < reached)];
        updates.RemoveRange(0, done.Count);
        if (updates.Exists(update => update.Round.Step < reached))
            throw new InvariantException($"An update of a step before {reached}, which all trainers have applied, was kept.");
        return done;
    }
}
