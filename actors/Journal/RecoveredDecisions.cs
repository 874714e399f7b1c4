using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Journal;

/// <summary>Collects the decisions of a run as they are read from a journal, and checks that none is missing or of an unknown
/// form.</summary>
internal sealed class RecoveredDecisions
{
    /// <summary>The error for rows of an unknown serializer or type.</summary>
    public const string Foreign = "in full: one of its decisions was written by another version of actortrain; use that version";

    private readonly List<RunEvent> decisions = [];

    public IReadOnlyList<RunEvent> All => decisions;

    public UnreadableJournalException Missing => Unreadable("it is missing; restore the database from a backup");

    /// <param name="decision">May be an <see cref="UnreadableDecision"/>.</param>
    /// <exception cref="UnreadableJournalException">It is unreadable, or one before it is missing.</exception>
    public void Add(long number, object decision)
    {
        if (GapBefore(number) is { } gap)
            throw gap;
        decisions.Add(decision as RunEvent ?? throw Unreadable(decision is UnreadableDecision { Reason: var reason } ? reason :
            "it was written by another version of actortrain; use that version"));
    }

    /// <summary>The error for a missing decision before <paramref name="number"/>; null if none is missing.</summary>
    public UnreadableJournalException? GapBefore(long number) =>
        number == decisions.Count + 1 ? null : Missing;

    private UnreadableJournalException Unreadable(string reason) => new($"at decision {decisions.Count + 1}: {reason}");
}
