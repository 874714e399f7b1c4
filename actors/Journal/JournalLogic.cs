using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Journal;

/// <summary>Persists each decision of a run exactly once, in the order of their numbers; has no actor or database.</summary>
/// <param name="persist">Persists a decision behind those before it; then <see cref="NotePersisted"/> is called.</param>
public sealed class JournalLogic(Action<RunEvent> persist, Action<JournalReport> tell)
{
    private IReadOnlyList<RunEvent>? recovered;
    private long? accepted;
    private long durable;

    /// <summary>Begins with the decisions already persisted.</summary>
    /// <exception cref="InvariantException">It has begun.</exception>
    public void Begin(IReadOnlyList<RunEvent> decisions)
    {
        ArgumentNullException.ThrowIfNull(decisions);
        if (accepted is not null)
            throw new InvariantException($"The journal is recovered a second time, after decision {accepted}.");
        (recovered, accepted, durable) = (decisions, decisions.Count, decisions.Count);
        Repeat();
    }

    /// <summary>Repeats the recovery report until the first decision arrives: the sender of one has received the report.</summary>
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

        // Either already being persisted, or ahead of its predecessor; then it will be resent.
    }

    /// <summary>The next decision is durable.</summary>
    /// <exception cref="InvariantException">It was never passed to <c>persist</c>.</exception>
    public void NotePersisted()
    {
        if (durable >= (accepted ?? 0))
            throw new InvariantException($"Decision {durable + 1} is durable, and only {accepted} were to be persisted.");
        tell(new Recorded(++durable));
    }
}
