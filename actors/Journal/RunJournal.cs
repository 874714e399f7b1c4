using System.Runtime.Serialization;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Persistence.Journal;
using Akka.Actor;
using Akka.Persistence;

namespace ActorTrain.Actors.Journal;

/// <summary>Persists the decisions of a run, each exactly once, in the order of their numbers.</summary>
/// <remarks>Which decision is persisted is said by <see cref="JournalLogic"/>; the count after recovery says what is durable, also where a
/// write had failed and nobody knew whether it was done. When the database refuses, the actor stops, as Akka.Persistence has it, and its
/// supervisor starts it again; whoever decides sends again what was not <see cref="Recorded"/>.</remarks>
public sealed class RunJournal : ReceivePersistentActor
{
    /// <summary>Its name, below the supervisor that starts it again.</summary>
    public const string Name = "journal";

    private readonly IActorRef listener;
    private readonly JournalOutage outage;
    private readonly MessageTrace trace = MessageTrace.Of(Context.System);
    private readonly RecoveredDecisions recovered = new();
    private readonly JournalLogic logic;

    /// <summary>Recovers what was persisted, then persists what it is told.</summary>
    /// <param name="listener">Told each <see cref="JournalReport"/>.</param>
    /// <param name="outage">Whether the database is away; shared by all lives of the actor.</param>
    public RunJournal(string run, IActorRef listener, JournalOutage outage)
    {
        PersistenceId = PersistenceIdOf(run);
        this.listener = listener;
        this.outage = outage;
        logic = new JournalLogic(Write, report => listener.Tell(report));
        Recover<RecoveryCompleted>(_ => Begin());
        Recover<object>(decision => recovered.Add(LastSequenceNr, decision));
        Command<RecordDecision>(logic.Record);
        Command<ReadDecisions>(_ => logic.Repeat());
    }

    public override string PersistenceId { get; }

    /// <summary>The id under which the decisions of a run are kept.</summary>
    public static string PersistenceIdOf(string run) => "run-" + run;

    /// <summary>From the first decision on: there are few, and no snapshots of them.</summary>
    public override Akka.Persistence.Recovery Recovery => new(SnapshotSelectionCriteria.None);

    protected override bool AroundReceive(Receive receive, object message) =>
        trace.IsRecording ? trace.Around(Self.Path.Name, message, () => base.AroundReceive(receive, message))
            : base.AroundReceive(receive, message);

    protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr)
    {
        Report(cause);
        base.OnPersistFailure(cause, @event, sequenceNr);
    }

    protected override void OnPersistRejected(Exception cause, object @event, long sequenceNr)
    {
        // It is not there, and what comes after it must not be either.
        base.OnPersistRejected(cause, @event, sequenceNr);
        throw cause;
    }

    protected override void OnRecoveryFailure(Exception reason, object? message = null)
    {
        if (reason.GetBaseException() is SerializationException or TypeLoadException)
            reason = new UnreadableJournalException(RecoveredDecisions.Foreign);
        Report(reason);
        base.OnRecoveryFailure(reason, message);
    }

    // Akka.Persistence passes over what no handler takes, and over what is not there.
    private void Begin()
    {
        if (recovered.GapBefore(LastSequenceNr + 1) is { } gap)
        {
            Report(gap);
            Context.Stop(Self);
            return;
        }

        outage.End();
        logic.Begin(recovered.All);
    }

    private void Write(RunEvent decision) => Persist(decision, _ => logic.NotePersisted());

    private void Report(Exception cause)
    {
        if (cause is UnreadableJournalException)
            listener.Tell(new JournalUnreadable(cause.Message));
        else if (outage.Begin())
            listener.Tell(new JournalAway(cause.GetBaseException().Message));
    }
}
