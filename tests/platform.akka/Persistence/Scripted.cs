using Akka.Actor;
using Akka.Persistence;

namespace ActorTrain.Platform.Tests.Persistence;

/// <summary>A persistent actor that does what it is told and tells a probe all that happens to it.</summary>
public sealed class Scripted : ReceivePersistentActor
{
    private readonly IActorRef probe;
    private readonly Recovery? recovery;
    private readonly List<string> recovered = [];

    public Scripted(string id, IActorRef probe, Recovery? recovery = null, IStashOverflowStrategy? overflow = null)
    {
        PersistenceId = id;
        this.probe = probe;
        this.recovery = recovery;
        InternalStashOverflowStrategy = overflow ?? base.InternalStashOverflowStrategy;
        Recover<SnapshotOffer>(offer => recovered.Add("snapshot " + offer.Snapshot + " at " + offer.Metadata.SequenceNr));
        Recover<Happened>(happened => recovered.Add(happened.What));
        Recover<RecoveryCompleted>(_ => probe.Tell(new Recovered([.. recovered], LastSequenceNr)));
        Command<Action<Scripted>>(act => act(this));
        CommandAsync<Func<Scripted, Task>>(act => act(this));
        CommandAny(message => probe.Tell(message, Sender));
    }

    public override string PersistenceId { get; }

    public override Recovery Recovery => recovery ?? base.Recovery;

    public override IStashOverflowStrategy InternalStashOverflowStrategy { get; }

    /// <summary>The sender of the command at hand.</summary>
    public new IActorRef Sender => base.Sender;

    public void Tell(object message) => probe.Tell(message);

    public void Become(string word) => base.Become(() => CommandAny(_ => probe.Tell(word)));

    public void StashThis() => Stash.Stash();

    public void BecomeStashing(string until) => BecomeStacked(() =>
    {
        Command<string>(text => text == until, _ =>
        {
            UnbecomeStacked();
            Stash.UnstashAll();
        });
        CommandAny(_ => Stash.Stash());
    });

    protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr)
    {
        probe.Tell($"failed {((Happened)@event).What} {sequenceNr}");
        base.OnPersistFailure(cause, @event, sequenceNr);
    }

    protected override void OnPersistRejected(Exception cause, object @event, long sequenceNr) =>
        probe.Tell($"rejected {((Happened)@event).What} {sequenceNr}");

    protected override void OnRecoveryFailure(Exception reason, object? message = null)
    {
        probe.Tell($"recovery failed: {reason.Message}");
        base.OnRecoveryFailure(reason, message);
    }
}

/// <summary>An event.</summary>
public sealed record Happened(string What);

/// <summary>What a recovery brought.</summary>
public sealed record Recovered(string[] What, long LastSequenceNr);
