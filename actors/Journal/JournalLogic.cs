using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Journal;

/// <summary>Which decisions of a run are persisted, each exactly once and in the order of their numbers: without actor or
/// database.</summary>
/// <remarks>What an earlier process had sent may reach the database late, and take the place of what the run decided. So a decision is
/// added only behind the one that its sender knows before it; else the sender is told what there is.</remarks>
/// <param name="persist">Persists a decision, behind those before it; then <see cref="NotePersisted"/> is called.</param>
public sealed class JournalLogic(Action<RunEvent> persist, Action<JournalReport> tell)
{
    private readonly List<RunEvent> decisions = [];
    private bool hasBegun;
    private bool isHeard;
    private int durable;

    /// <summary>Begins with the decisions that were persisted before.</summary>
    /// <exception cref="InvariantException">It has begun.</exception>
    public void Begin(IReadOnlyList<RunEvent> persisted)
    {
        ArgumentNullException.ThrowIfNull(persisted);
        if (hasBegun)
            throw new InvariantException($"The journal is recovered a second time, after decision {decisions.Count}.");
        hasBegun = true;
        decisions.AddRange(persisted);
        durable = decisions.Count;
        TellAll();
    }

    /// <summary>Reports what was recovered again, unless a decision shows that it was heard.</summary>
    public void Repeat()
    {
        if (hasBegun && !isHeard)
            TellAll();
    }

    /// <summary>Has a decision persisted, or reports that it is.</summary>
    /// <exception cref="InvariantException">It has not begun.</exception>
    public void Record(RecordDecision command)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (!hasBegun)
            throw new InvariantException($"Decision {command.Number} comes before the journal is recovered.");
        var (isKnown, isNext) = (command.Number <= durable, command.Number == decisions.Count + 1);
        if (isKnown && command.Event.Equals(decisions[(int)command.Number - 1]))
            Acknowledge();
        else if (isKnown || (isNext && !Equals(command.Previous, decisions.LastOrDefault())))
            TellAll();
        else if (isNext)
            Add(command.Event);

        // Another one is on its way to the database already, or came before the one that it follows: it will come again.
    }

    /// <summary>The next decision is durable.</summary>
    /// <exception cref="InvariantException">It was never handed over.</exception>
    public void NotePersisted()
    {
        if (durable >= decisions.Count)
            throw new InvariantException($"Decision {durable + 1} is durable, and only {decisions.Count} were to be persisted.");
        durable++;
        Acknowledge();
    }

    private void Add(RunEvent decision)
    {
        isHeard = true;
        decisions.Add(decision);
        persist(decision);
    }

    private void Acknowledge()
    {
        isHeard = true;
        tell(new Recorded(durable));
    }

    private void TellAll() => tell(new JournalRecovered([.. decisions.Take(durable)]));
}
