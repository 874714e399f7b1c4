using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Run;

/// <summary>All decisions of a run, the state derived from them, and those the journal does not hold yet.</summary>
internal sealed class Decisions
{
    private readonly RunOutput output;
    private readonly RunEnd end;
    private readonly FaultCounts faults;
    private readonly DecisionOutbox outbox;
    private readonly int capacity;

    /// <param name="decided">All decisions; those after the first <paramref name="recorded"/> are not known to be durable.</param>
    /// <param name="capacity">Decisions that may wait for the journal.</param>
    /// <param name="end">Notified when the journal is lost.</param>
    /// <param name="faults">Notified when its database is unavailable.</param>
    public Decisions(IReadOnlyList<RunEvent> decided, int recorded, int capacity, RunOutput output, RunEnd end, FaultCounts faults)
    {
        (this.output, this.end, this.faults, this.capacity) = (output, end, faults, capacity);
        (Known, History) = (JournalState.Of(decided), CheckpointHistory.Of(decided));
        Basis = StateBases.Of(decided);
        outbox = new DecisionOutbox([.. decided.Take(recorded)], capacity);

        // Some may be durable although their acknowledgement was lost.
        foreach (var decision in decided.Skip(recorded))
            outbox.Add(decision);
    }

    public event Action<RunEvent>? Taken;

    public JournalState Known { get; private set; }

    public CheckpointHistory History { get; private set; }

    /// <summary>The last decision that the present state rests on, durable or not.</summary>
    public StateBasis Basis { get; private set; }

    public long Last => outbox.Last;

    /// <summary>Decisions up to this number are durable.</summary>
    public long Durable => outbox.Durable;

    public int WaitingCount => outbox.Count;

    public IEnumerable<RunEvent> Waiting => outbox.Waiting;

    public bool HoldsUp => outbox.HoldsUp;

    public bool ExtensionWaits => outbox.IsExtending;

    public bool InterventionWaits => outbox.IsCorrecting;

    public void Record(RunEvent decision)
    {
        Known = Known.Apply(decision);
        Taken?.Invoke(decision);
        History = History.Apply(decision);
        output.Do(new ToJournal(outbox.Add(decision)));
        if (StateBases.IsBasis(decision))
            Basis = StateBases.Of(decision, Last);
    }

    public void Repeat()
    {
        foreach (var command in outbox.Commands)
            output.Do(new ToJournal(command));
    }

    /// <summary>Warns, once per outage, that training waits for the database.</summary>
    public void TellWait(long step)
    {
        if (outbox.MustTell())
            output.Warn($"training is paused after step {step}: journal buffer full ({WaitingCount} decisions) while the "
                + $"database is unavailable.");
    }

    /// <returns>Whether this process still leads the run.</returns>
    public bool Handle(JournalReport report)
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
            case RunSuperseded superseded:
                end.Yield();
                output.Do(new EndRun(new RunEnded(RunEnding.Superseded, Known.NewestCheckpoint ?? 0, superseded.Reason)));
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

        return report is not RunSuperseded;
    }
}
