using Akka.Actor;

namespace ActorTrain.Actors.Supervision;

internal static class MailboxSize
{
    /// <summary>Messages in an actor's mailbox; null if it is not in this process.</summary>
    public static int? Of(IActorRef actor) => (actor as ActorRefWithCell)?.Underlying.NumberOfMessages;
}
