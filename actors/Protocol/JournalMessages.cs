using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Protocol;

/// <summary>Persist a decision; answered by <see cref="Recorded"/>. One that was persisted before is only answered. Where the journal
/// holds others than the sender knows of, the answer is <see cref="JournalRecovered"/>, and nothing is persisted.</summary>
/// <param name="Number">Number of the decision in the life of the run, from 1, without a gap.</param>
public sealed record RecordDecision(long Number, RunEvent Event)
{
    /// <summary>The decision before it; null: it is the first.</summary>
    public RunEvent? Previous { get; init; }
}

/// <summary>Report again what was persisted. Answered by <see cref="JournalRecovered"/> until the first decision comes: its sender
/// has received it.</summary>
public sealed record ReadDecisions;

public abstract record JournalReport : IRunInput;

/// <summary>It lives, and has read what was persisted.</summary>
/// <param name="Events">All decisions of the run so far, in order.</param>
public sealed record JournalRecovered(IReadOnlyList<RunEvent> Events) : JournalReport;

/// <summary>All decisions up to a number are durable.</summary>
public sealed record Recorded(long Number) : JournalReport;

/// <summary>The database cannot be reached; decisions wait.</summary>
public sealed record JournalAway(string Reason) : JournalReport;

/// <summary>It holds a decision that cannot be read, or lacks one: nothing may be decided upon what is left of it.</summary>
/// <param name="Reason">Which, and what to do, in one sentence.</param>
public sealed record JournalUnreadable(string Reason) : JournalReport;
