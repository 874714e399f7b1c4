using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using Akka.Actor;

namespace ActorTrain.Actors.Checkpoints;

/// <summary>Writes checkpoints, one after another, on a thread of its own: training does not wait for the disk.</summary>
public sealed class Checkpointer : TracedActor
{
    private readonly IActorRef listener;

    /// <summary>Writes through a saving of its own life.</summary>
    /// <param name="listener">Told each <see cref="CheckpointReport"/>.</param>
    public Checkpointer(Func<CheckpointSaving> saving, IActorRef listener)
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

    protected override void PreStart()
    {
        base.PreStart();
        listener.Tell(new CheckpointerStarted());
    }
}
