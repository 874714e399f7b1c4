using ActorTrain.Actors.Training;
using ActorTrain.Actors.Wire;
using Akka.Configuration;

namespace ActorTrain.Actors;

/// <summary>What the actors of a run need of the settings of their actor system.</summary>
public static class ActorSettings
{
    /// <summary>The dispatcher of actors that compute or block: each has a thread of its own.</summary>
    public const string PinnedDispatcher = "actortrain.pinned-dispatcher";

    /// <summary>The dispatchers, and how messages travel between processes.</summary>
    public static Config All() => ConfigurationFactory.ParseString("""
        actortrain.pinned-dispatcher {
          type = PinnedDispatcher
        }
        """).WithFallback(ConfigurationFactory.ParseString(TrainerSupervisor.DispatcherConfiguration)).WithFallback(ProtocolSerializer.Settings());
}
