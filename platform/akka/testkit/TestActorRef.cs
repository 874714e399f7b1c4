using Akka.Actor;

namespace Akka.TestKit;

/// <summary>A reference to an actor that runs on the thread that tells it something, and whose instance a test may look at.</summary>
/// <typeparam name="TActor">The type of the actor.</typeparam>
public class TestActorRef<TActor> : TestActorRefBase<TActor>
    where TActor : ActorBase
{
    /// <summary>Made by <see cref="TestKitBase.ActorOfAsTestActorRef{TActor}(Props, string)"/>.</summary>
    public TestActorRef(ActorSystem system, Props actorProps, IActorRef? supervisor = null, string? name = null)
        : base(system, actorProps, supervisor, name)
    {
    }
}
