using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Models;
using ActorTrain.Persistence.Rollouts;
using Akka.Actor;

namespace ActorTrain.Actors.PostTraining;

/// <summary>Reads and writes the rollouts of steps on its own thread.</summary>
public sealed class LedgerWriter : TracedActor
{
    /// <param name="supervisor">Receives each <see cref="LedgerReport"/>.</param>
    public LedgerWriter(RolloutLedger ledger, IActorRef supervisor)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        Receive<KeepRollouts>(keep =>
        {
            try
            {
                ledger.Write(keep.Rollouts);
                supervisor.Tell(new RolloutsKept(keep.Number));
            }
            catch (UserErrorException exception)
            {
                supervisor.Tell(new LedgerFailed(keep.Number, exception.Message));
            }
        });
        Receive<ReadRollouts>(read => supervisor.Tell(new RolloutsRead(read.Number, ledger.Read(read.Step))));
    }
}
