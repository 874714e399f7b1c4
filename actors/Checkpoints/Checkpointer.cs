using ActorTrain.Actors.Faults;
using ActorTrain.Actors.Protocol;
using Akka.Actor;

namespace ActorTrain.Actors.Checkpoints;

/// <summary>Writes checkpoints, one after another, on a thread of its own: training does not wait for the disk.</summary>
public sealed class Checkpointer : BreakableActor
{
    private readonly IActorRef listener;

    /// <summary>Writes through a saving of its own life.</summary>
    /// <param name="saving">Makes what writes.</param>
    /// <param name="listener">Told each <see cref="CheckpointReport"/>.</param>
    /// <param name="faults">What breaks it, under test.</param>
    public Checkpointer(Func<CheckpointSaving> saving, IActorRef listener, IFaultInjector? faults = null)
        : base(faults)
    {
        ArgumentNullException.ThrowIfNull(saving);
        this.listener = listener;
        var disk = saving();
        Receive<SaveCheckpoint>(command =>
        {
            if (disk.Save(command) is { } report)
                listener.Tell(report);
        });
        Receive<MarkGood>(disk.Mark);
    }

    /// <summary>How to make it, on a thread of its own: see <see cref="ActorSettings"/>.</summary>
    /// <param name="saving">Makes what writes, for each life anew.</param>
    /// <param name="listener">Told each <see cref="CheckpointReport"/>.</param>
    /// <param name="faults">What breaks it, under test.</param>
    public static Props PinnedProps(Func<CheckpointSaving> saving, IActorRef listener, IFaultInjector? faults = null) =>
        Props.Create(() => new Checkpointer(saving, listener, faults)).WithDispatcher(ActorSettings.PinnedDispatcher);

    /// <inheritdoc/>
    protected override void PreStart()
    {
        base.PreStart();
        listener.Tell(new CheckpointerStarted());
    }
}
