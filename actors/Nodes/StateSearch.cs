using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Tracing;
using Akka.Actor;

namespace ActorTrain.Actors.Nodes;

/// <summary>Asks the <see cref="NodeDesk"/> for the states of nodes, and has it fetch one.</summary>
public sealed record SearchStates : INoSerializationVerificationNeeded;

/// <summary>Has a node copy its retained state into a slot.</summary>
public sealed record FetchState(NodeKey Node, int Slot, long Step) : INoSerializationVerificationNeeded;

/// <summary>Finds out what a run resumes from in a new process, before it begins, and ends. Its logic is in
/// <see cref="StateSearchLogic"/>.</summary>
public sealed class StateSearch : TracedActor, IWithTimers
{
    private readonly StateSearchLogic logic;
    private readonly IActorRef desk;
    private readonly IActorRef run;

    /// <param name="desk">The <see cref="NodeDesk"/>.</param>
    /// <param name="run">Receives a <see cref="RecoveryFound"/>, and notices for the user before it.</param>
    public StateSearch(StateSearchLogic logic, IActorRef desk, IActorRef run)
    {
        (this.logic, this.desk, this.run) = (logic, desk, run);
        Receive<NodeCame>(came => Do(logic.Came(came.Hello, Now)));
        Receive<NodeWent>(went => Do(logic.Went(went.Node, Now)));
        Receive<NodeCopied>(copied => Do(logic.Copied(copied.Answer, Now)));
        Receive<Wake>(_ => Do(logic.Tick(Now)));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private static DateTimeOffset Now => SteadyClock.Of(Context.System).Now;

    protected override void PreStart()
    {
        base.PreStart();
        Timers.StartPeriodicTimer(nameof(Wake), Wake.Instance, NodeProtocol.Heartbeat);
        Do(logic.Begin(Now));
        desk.Tell(new SearchStates());
    }

    private void Do(IReadOnlyList<StateSearchEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case FetchFrom(var node, var slot, var step):
                    desk.Tell(new FetchState(node, slot, step));
                    break;
                case SearchNotice(var sentence, var isWarning):
                    run.Tell(new Notice(sentence, isWarning));
                    break;
                case SearchDone(var found):
                    run.Tell(new RecoveryFound(found));
                    Context.Stop(Self);
                    break;
            }
        }
    }

    private sealed record Wake : INoSerializationVerificationNeeded
    {
        public static readonly Wake Instance = new();
    }
}
