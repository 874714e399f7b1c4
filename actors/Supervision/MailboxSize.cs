using Akka.Actor;

namespace ActorTrain.Actors.Supervision;

/// <summary>How many messages wait for an actor.</summary>
internal static class MailboxSize
{
    /// <summary>The number, or null where the actor is not in this process.</summary>
    public static int? Of(IActorRef actor) => (actor as ActorRefWithCell)?.Underlying.NumberOfMessages;
}
