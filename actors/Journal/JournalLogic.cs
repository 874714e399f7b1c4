using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Journal;

/// <summary>Which decisions of a run are persisted, each exactly once and in the order of their numbers: without actor or
/// database.</summary>
/// <param name="persist">Persists a decision, behind those before it; then <see cref="NotePersisted"/> is called.</param>
public sealed class JournalLogic(Action<RunEvent> persist, Action<JournalReport> tell)
{
    private IReadOnlyList<RunEvent>? recovered;
    private long? accepted;
    private long durable;

    /// <summary>Begins with the decisions that were persisted before.</summary>
    /// <exception cref="InvariantException">It has begun.</exception>
    public void Begin(IReadOnlyList<RunEvent> decisions)
    {
        ArgumentNullException.ThrowIfNull(decisions);
        if (accepted is not null)
            throw new InvariantException($"The journal is recovered a second time, after decision {accepted}.");
        (recovered, accepted, durable) = (decisions, decisions.Count, decisions.Count);
        Repeat();
    }

    /// <summary>Reports what was recovered again, until the first decision comes: whoever sends one has heard it.</summary>
    public void Repeat()
    {
        if (recovered is not null)
            tell(new JournalRecovered(recovered));
    }

    /// <summary>Has a decision persisted, or reports that it is.</summary>
    /// <exception cref="InvariantException">It has not begun.</exception>
    public void Record(RecordDecision command)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (accepted is not { } last)
            throw new InvariantException($"Decision {command.Number} comes before the journal is recovered.");
        recovered = null;
        if (command.Number <= durable)
        {
            tell(new Recorded(durable));
        }
        else if (command.Number == last + 1)
        {
            accepted = last + 1;
            persist(command.Event);
        }

        // Another one is on its way to the database already, or came before the one that it follows: it will come again.
    }

    /// <summary>The next decision is durable.</summary>
    /// <exception cref="InvariantException">It was never handed over.</exception>
    public void NotePersisted()
    {
        if (durable >= (accepted ?? 0))
            throw new InvariantException($"Decision {durable + 1} is durable, and only {accepted} were to be persisted.");
        tell(new Recorded(++durable));
    }
}
