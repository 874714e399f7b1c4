using System.Collections.Concurrent;
using ActorTrain.Models;
using ActorTrain.Models.Objectives;
using Akka.Actor;
using Akka.Event;

namespace ActorTrain.Chaos.Tests.World;

/// <summary>Hears all errors of an actor system: what nobody injected is a bug, also where supervision makes it good.</summary>
internal sealed class ErrorWatch : ReceiveActor
{
    public ErrorWatch(ConcurrentQueue<string> bugs, bool databaseFails, bool bitsFlip, bool rolloutsAreWrong)
    {
        Receive<Error>(error =>
        {
            var cause = error.Cause?.GetBaseException();
            if (cause is InjectedFaultException or ActorKilledException or InjectedDatabaseFailureException)
                return;

            if ((bitsFlip && cause is CorruptionException) || (rolloutsAreWrong && cause is UnequalRolloutException))
                return;

            // Whoever speaks to a database that fails cannot but fail.
            if (databaseFails && error.LogSource.Contains("journal", StringComparison.OrdinalIgnoreCase))
                return;
            bugs.Enqueue($"{error.LogSource}: {error.Message} {cause}");
        });
        Receive<string>(done => Sender.Tell(done));
    }

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(Error));
}
