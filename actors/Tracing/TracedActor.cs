using Akka.Actor;

namespace ActorTrain.Actors.Tracing;

public abstract class TracedActor : ReceiveActor
{
    private readonly MessageTrace trace = MessageTrace.Of(Context.System);

    protected override bool AroundReceive(Receive receive, object message) => trace.IsRecording
        ? trace.Around(Self.Path.Name, message, () => base.AroundReceive(receive, message))
        : base.AroundReceive(receive, message);
}
