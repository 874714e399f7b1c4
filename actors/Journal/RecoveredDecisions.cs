using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Journal;

/// <summary>The decisions of a run as they are read from a journal, from the first, without a gap, and each of a known form.</summary>
internal sealed class RecoveredDecisions
{
    /// <summary>Why a row of a serializer, or of a type, that is not known here cannot be read.</summary>
    public const string Foreign = "in full: one of its decisions was written by another version of actortrain; use that version";

    private readonly List<RunEvent> decisions = [];

    public IReadOnlyList<RunEvent> All => decisions;

    /// <summary>What is to be said where the next is missing.</summary>
    public UnreadableJournalException Missing => Unreadable("it is missing; restore the database from a backup");

    /// <param name="decision">What was read, perhaps an <see cref="UnreadableDecision"/>.</param>
    /// <exception cref="UnreadableJournalException">It cannot be read, or one before it is missing.</exception>
    public void Add(long number, object decision)
    {
        if (GapBefore(number) is { } gap)
            throw gap;
        decisions.Add(decision as RunEvent ?? throw Unreadable(decision is UnreadableDecision { Reason: var reason } ? reason :
            "it was written by another version of actortrain; use that version"));
    }

    /// <summary>What is to be said where a decision before a number is missing; null: none is.</summary>
    public UnreadableJournalException? GapBefore(long number) =>
        number == decisions.Count + 1 ? null : Missing;

    private UnreadableJournalException Unreadable(string reason) => new($"at decision {decisions.Count + 1}: {reason}");
}
