using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Protocol;

/// <summary>Persists a decision; answered by <see cref="Recorded"/>. One that is already persisted is only answered. Where the journal
/// holds others than the sender knows, nothing is persisted, and the answer is <see cref="JournalRecovered"/>.</summary>
/// <param name="Number">Number of the decision in the run, from 1, without gaps.</param>
public sealed record RecordDecision(long Number, RunEvent Event)
{
    /// <summary>The decision before it; null: it is the first.</summary>
    public RunEvent? Previous { get; init; }
}

/// <summary>Requests the persisted decisions again. Answered by <see cref="JournalRecovered"/> until the first decision arrives, whose
/// sender must have received it.</summary>
public sealed record ReadDecisions;

public abstract record JournalReport : IRunInput;

/// <summary>Sent once the journal is read.</summary>
/// <param name="Events">All decisions of the run so far, in order.</param>
public sealed record JournalRecovered(IReadOnlyList<RunEvent> Events) : JournalReport;

/// <summary>All decisions up to a number are durable.</summary>
public sealed record Recorded(long Number) : JournalReport;

public sealed record JournalAway(string Reason) : JournalReport;

/// <summary>Another process leads the run: this one must end at once, and change nothing more.</summary>
/// <param name="Reason">Who leads, in one sentence.</param>
public sealed record RunSuperseded(string Reason) : JournalReport;

/// <summary>The journal contains an unreadable decision, or lacks one, so no decision may be based on it.</summary>
/// <param name="Reason">One sentence: which decision, and the fix.</param>
public sealed record JournalUnreadable(string Reason) : JournalReport;
