using Akka.Actor;
using Akka.Event;

namespace Akka.TestKit.Internal;

/// <summary>The actor behind a test kit or probe: queues what it receives for the test to look at.</summary>
internal sealed class InternalTestActor(TestQueue queue) : ActorBase
{
    private readonly Dictionary<IActorRef, SupervisorStrategy> strategies = [];
    private TestActor.Ignore? ignore;
    private AutoPilot? autoPilot;

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new StrategyPerChild(strategies);

    /// <inheritdoc/>
    protected override bool Receive(object message)
    {
        switch (message)
        {
            case TestActor.SetIgnore set:
                ignore = set.Ignore;
                break;
            case TestActor.Watch watch:
                Context.Watch(watch.Actor);
                break;
            case TestActor.Unwatch unwatch:
                Context.Unwatch(unwatch.Actor);
                break;
            case TestActor.SetAutoPilot set:
                autoPilot = set.AutoPilot;
                break;
            case TestActor.Spawn spawn:
                var child = Context.ActorOf(spawn.Props, spawn.Name.HasValue ? spawn.Name.Value : null);
                if (spawn.Strategy.HasValue)
                    strategies[child] = spawn.Strategy.Value;

                queue.Enqueue(new RealMessageEnvelope(child, Self));
                break;
            default:
                if (autoPilot?.Run(Sender, message) is { } next and not KeepRunning)
                    autoPilot = next;

                if (ignore is null || !ignore(message))
                    queue.Enqueue(new RealMessageEnvelope(message, Sender));

                break;
        }

        return true;
    }

    /// <summary>What the test never looked at ends as dead letters, so that a listener can still see it.</summary>
    protected override void PostStop()
    {
        while (queue.TryTake(out var envelope))
            Context.System.DeadLetters.Tell(new DeadLetter(envelope.Message, envelope.Sender, Self), envelope.Sender);
    }
}
