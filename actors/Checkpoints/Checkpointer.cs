using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using Akka.Actor;

namespace ActorTrain.Actors.Checkpoints;

/// <summary>Writes checkpoints one after another on its own thread, so that training does not wait for the disk.</summary>
public sealed class Checkpointer : TracedActor
{
    private readonly IActorRef listener;

    /// <param name="saving">Called once per life of the actor.</param>
    /// <param name="listener">Receives each <see cref="CheckpointReport"/>.</param>
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
