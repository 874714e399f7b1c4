using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Decisions that are not yet durable in the journal, and whether the database is unavailable.</summary>
/// <param name="recorded">Those that are durable.</param>
internal sealed class DecisionOutbox(IReadOnlyList<RunEvent> recorded, int capacity)
{
    private readonly Outbox<(RunEvent Event, RunEvent? Previous)> decisions = new(recorded.Count);
    private RunEvent? newest = recorded.Count > 0 ? recorded[^1] : null;
    private bool isTold;

    public long Last => decisions.Last;

    public long Durable => decisions.Acknowledged;

    public int Count => decisions.Count;

    public IEnumerable<RunEvent> Waiting => decisions.Waiting.Select(static waiting => waiting.Content.Event);

    public IEnumerable<RecordDecision> Commands =>
        decisions.Waiting.Select(static waiting => CommandOf(waiting.Number, waiting.Content));

    public bool IsAway { get; private set; }

    /// <summary>Whether training must wait: the buffer is full, or an extension is not durable; it takes effect only once no crash can lose
    /// it.</summary>
    public bool HoldsUp => Count >= capacity || (IsExtending && IsAway);

    public bool IsExtending => Waiting.Any(static decision => decision is RunExtended);

    public bool IsCorrecting => Waiting.Any(static decision => decision is CourseCorrected or BatchVetoed);

    public RecordDecision Add(RunEvent decision)
    {
        var content = (decision, newest);
        newest = decision;
        return CommandOf(decisions.Add(content), content);
    }

    public void Acknowledge(long number) => decisions.Acknowledge(number);

    public void NoteAway() => IsAway = true;

    /// <summary>The database is reachable again and holds these decisions.</summary>
    /// <returns>Whether it was unavailable.</returns>
    /// <exception cref="InvariantException">It holds decisions that this run did not take: writes of an earlier life, or of a killed
    /// process, that landed after the journal was read. This life cannot know them; the next one does.</exception>
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

    /// <summary>True once per outage: whether to report that training waits for the database.</summary>
    public bool MustTell()
    {
        if (!IsAway || isTold || Count < capacity)
            return false;
        return isTold = true;
    }

    private static RecordDecision CommandOf(long number, (RunEvent Event, RunEvent? Previous) content) =>
        new(number, content.Event) { Previous = content.Previous };
}
