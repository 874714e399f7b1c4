using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Journal;

/// <summary>Persists each decision of a run exactly once, in the order of their numbers; has no actor or database.</summary>
/// <remarks>What an earlier process sent may reach the database late and take the place of one of the run's decisions. So a decision is
/// added only behind the one that its sender knows before it; otherwise the sender is told what is persisted.</remarks>
/// <param name="persist">Persists a decision behind those before it; then <see cref="NotePersisted"/> is called.</param>
public sealed class JournalLogic(Action<RunEvent> persist, Action<JournalReport> tell)
{
    private readonly List<RunEvent> decisions = [];
    private bool hasBegun;
    private bool isHeard;
    private int durable;

    /// <summary>Begins with the decisions already persisted.</summary>
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

    /// <summary>Repeats the recovery report until a decision shows that it was received.</summary>
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

        // Either already being persisted, or ahead of its predecessor; then it will be resent.
    }

    /// <summary>The next decision is durable.</summary>
    /// <exception cref="InvariantException">It was never passed to <c>persist</c>.</exception>
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
