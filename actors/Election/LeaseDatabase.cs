using Akka.Actor.Setup;

namespace ActorTrain.Actors.Election;

/// <summary>Tells an actor system where its leases are.</summary>
/// <param name="connection">Connection string of a PostgreSQL database.</param>
public sealed class LeaseDatabase(string connection) : Setup
{
    public string Connection => connection;
}
