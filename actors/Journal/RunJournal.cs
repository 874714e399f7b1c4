using System.Data.Common;
using System.Runtime.Serialization;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Terms;
using Akka.Actor;
using Akka.Persistence;

namespace ActorTrain.Actors.Journal;

/// <summary>Persists the decisions of a run, each exactly once, in the order of their numbers.</summary>
/// <remarks><see cref="JournalLogic"/> chooses what to persist. The count after recovery tells what is durable, even if a write failed with
/// unknown outcome. When the database refuses, the actor stops, as Akka.Persistence prescribes, and its supervisor restarts it; the run
/// resends what was not <see cref="Recorded"/>.</remarks>
public sealed class RunJournal : ReceivePersistentActor
{
    /// <summary>Its name below the supervisor that restarts it.</summary>
    public const string Name = "journal";

    private readonly IActorRef listener;
    private readonly JournalOutage outage;
    private readonly RunTerm term;
    private readonly MessageTrace trace = MessageTrace.Of(Context.System);
    private readonly RecoveredDecisions recovered = new();
    private readonly JournalLogic logic;

    /// <param name="listener">Receives each <see cref="JournalReport"/>.</param>
    /// <param name="outage">Shared by all lives of the actor.</param>
    /// <param name="term">Under which it writes.</param>
    public RunJournal(string run, IActorRef listener, JournalOutage outage, RunTerm term)
    {
        PersistenceId = PersistenceIdOf(run);
        this.listener = listener;
        this.outage = outage;
        this.term = term;
        logic = new JournalLogic(Write, report => listener.Tell(report));
        Recover<RecoveryCompleted>(_ => Begin());
        Recover<object>(decision => recovered.Add(LastSequenceNr, decision));
        Command<RecordDecision>(logic.Record);
        Command<ReadDecisions>(_ => logic.Repeat());
    }

    public override string PersistenceId { get; }

    public static string PersistenceIdOf(string run) => "run-" + run;

    /// <summary>Decisions are few, so there are no snapshots of them.</summary>
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
        // It was not written, so later ones must not be either.
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

    // Akka.Persistence silently skips events without a handler, and missing ones.
    private void Begin()
    {
        if (recovered.GapBefore(LastSequenceNr + 1) is { } gap)
        {
            Report(gap);
            Context.Stop(Self);
            return;
        }

        // The journal's table exists, since it was read.
        try
        {
            term.Fence();
        }
        catch (DbException exception)
        {
            Report(exception);
            Context.Stop(Self);
            return;
        }

        outage.End();
        logic.Begin(recovered.All);
    }

    private void Write(RunEvent decision)
    {
        if (term.Number == 0)
            Persist(decision, _ => logic.NotePersisted());
        else
            Persist(new TermedDecision(term.Number, decision), _ => logic.NotePersisted());
    }

    private void Report(Exception cause)
    {
        if (cause is UnreadableJournalException)
            listener.Tell(new JournalUnreadable(cause.Message));
        else if (term.IsRefusal(cause))
            listener.Tell(new RunSuperseded(term.Refuse()));
        else if (outage.Begin())
            listener.Tell(new JournalAway(cause.GetBaseException().Message));
    }
}
