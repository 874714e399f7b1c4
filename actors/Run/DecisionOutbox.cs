using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Decisions that the journal does not hold yet, and whether its database is away.</summary>
/// <param name="recorded">Those that it holds.</param>
/// <param name="capacity">Decisions that may wait.</param>
internal sealed class DecisionOutbox(IReadOnlyList<RunEvent> recorded, int capacity)
{
    private readonly Outbox<(RunEvent Event, RunEvent? Previous)> decisions = new(recorded.Count);
    private RunEvent? newest = recorded.Count > 0 ? recorded[^1] : null;
    private bool isTold;

    /// <summary>The number of the last decision.</summary>
    public long Last => decisions.Last;

    public long Durable => decisions.Acknowledged;

    public int Count => decisions.Count;

    public IEnumerable<RunEvent> Waiting => decisions.Waiting.Select(static waiting => waiting.Content.Event);

    /// <summary>The commands that persist what waits.</summary>
    public IEnumerable<RecordDecision> Commands =>
        decisions.Waiting.Select(static waiting => CommandOf(waiting.Number, waiting.Content));

    /// <summary>Whether the database is away.</summary>
    public bool IsAway { get; private set; }

    /// <summary>Whether no more may wait, or an extension does: it takes effect once no crash can forget it.</summary>
    public bool HoldsUp => Count >= capacity || (IsExtending && IsAway);

    public bool IsExtending => Waiting.Any(static decision => decision is RunExtended);

    public bool IsCorrecting => Waiting.Any(static decision => decision is CourseCorrected or BatchVetoed);

    public RecordDecision Add(RunEvent decision)
    {
        var content = (decision, newest);
        newest = decision;
        return CommandOf(decisions.Add(content), content);
    }

    /// <summary>Decisions up to a number are durable.</summary>
    public void Acknowledge(long number) => decisions.Acknowledge(number);

    public void NoteAway() => IsAway = true;

    /// <summary>The database is there and holds some decisions.</summary>
    /// <returns>Whether it was away.</returns>
    /// <exception cref="InvariantException">It holds others than this run decided: what a former life, or a process that was killed, had
    /// sent landed when all had been read. This life knows nothing of it; the next one does.</exception>
    public bool NoteRecovered(IReadOnlyList<RunEvent> held)
    {
        foreach (var (number, (decision, _)) in decisions.Waiting.TakeWhile(waiting => waiting.Number <= held.Count))
        {
            if (!held[(int)number - 1].Equals(decision))
                throw new InvariantException($"Decision {number} in the journal belongs to an earlier incarnation: "
                    + $"{held[(int)number - 1]}");
        }

        if (held.Count > decisions.Last)
            throw new InvariantException($"Decision {held.Count} in the journal belongs to an earlier incarnation: {held[^1]}");
        var wasAway = IsAway;
        (IsAway, isTold) = (false, false);
        return wasAway;
    }

    /// <summary>Whether people are to be told, once, that training waits for the database.</summary>
    public bool MustTell()
    {
        if (!IsAway || isTold || Count < capacity)
            return false;
        return isTold = true;
    }

    private static RecordDecision CommandOf(long number, (RunEvent Event, RunEvent? Previous) content) =>
        new(number, content.Event) { Previous = content.Previous };
}
