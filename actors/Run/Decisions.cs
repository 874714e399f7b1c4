using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Run;

/// <summary>All that a run decided, what follows from it, and what of it the journal has yet to hold.</summary>
internal sealed class Decisions
{
    private readonly RunOutput output;
    private readonly RunEnd end;
    private readonly FaultCounts faults;
    private readonly DecisionOutbox outbox;
    private readonly int capacity;

    /// <summary>Continues after what was decided before.</summary>
    /// <param name="decided">All decisions; those after the first <paramref name="recorded"/> are not known to be durable.</param>
    /// <param name="capacity">Decisions that may wait for the journal.</param>
    /// <param name="end">Told where the journal is lost.</param>
    /// <param name="faults">Told where its database is away.</param>
    public Decisions(IReadOnlyList<RunEvent> decided, int recorded, int capacity, RunOutput output, RunEnd end, FaultCounts faults)
    {
        (this.output, this.end, this.faults, this.capacity) = (output, end, faults, capacity);
        (Known, History) = (JournalState.Of(decided), CheckpointHistory.Of(decided));
        outbox = new DecisionOutbox([.. decided.Take(recorded)], capacity);

        // Some may have become durable without its being heard of.
        foreach (var decision in decided.Skip(recorded))
            outbox.Add(decision);
    }

    public event Action<RunEvent>? Taken;

    public JournalState Known { get; private set; }

    /// <summary>What they say of checkpoints.</summary>
    public CheckpointHistory History { get; private set; }

    /// <summary>The number of the last.</summary>
    public long Last => outbox.Last;

    /// <summary>Those up to this number are durable.</summary>
    public long Durable => outbox.Durable;

    /// <summary>How many are not.</summary>
    public int WaitingCount => outbox.Count;

    /// <summary>What is not durable, in order.</summary>
    public IEnumerable<RunEvent> Waiting => outbox.Waiting;

    /// <summary>Whether no step may be begun until more are durable.</summary>
    public bool HoldsUp => outbox.HoldsUp;

    /// <summary>Whether an extension of the run is not durable.</summary>
    public bool ExtensionWaits => outbox.IsExtending;

    /// <summary>Whether an intervention or a veto is not durable: a checkpoint that rests on it would outlive what explains it.</summary>
    public bool InterventionWaits => outbox.IsCorrecting;

    public void Record(RunEvent decision)
    {
        Known = Known.Apply(decision);
        Taken?.Invoke(decision);
        History = History.Apply(decision);
        output.Do(new ToJournal(outbox.Add(decision)));
    }

    /// <summary>Sends what is not durable again.</summary>
    public void Repeat()
    {
        foreach (var command in outbox.Commands)
            output.Do(new ToJournal(command));
    }

    /// <summary>Warns once that training waits for the database.</summary>
    public void TellWait(long step)
    {
        if (outbox.MustTell())
            output.Warn($"training is paused after step {step}: journal buffer full ({WaitingCount} decisions) while the "
                + $"database is unavailable.");
    }

    /// <summary>Handles what the journal reports.</summary>
    public void Handle(JournalReport report)
    {
        switch (report)
        {
            case Recorded recorded:
                outbox.Acknowledge(recorded.Number);
                break;
            case JournalRecovered recovered:
                if (outbox.NoteRecovered(recovered.Events))
                    output.Inform($"the journal's database is available again; writing {WaitingCount} buffered decisions.");
                outbox.Acknowledge(recovered.Events.Count);
                Repeat();
                break;
            case JournalUnreadable unreadable:
                end.Fail($"Cannot read the journal {unreadable.Reason}; later decisions are kept for the next start.");
                end.NoteLost(ActorRole.Journal);
                break;
            case JournalAway away:
                outbox.NoteAway();
                faults.Add(new ActorId(ActorRole.Journal), away.Reason);
                output.Warn($"the journal's database is unavailable; buffering up to {capacity} decisions: {away.Reason}");
                break;
        }
    }
}
