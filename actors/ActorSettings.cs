using ActorTrain.Actors.Training;
using Akka.Configuration;

namespace ActorTrain.Actors;

/// <summary>What the actors of a run need of the settings of their actor system.</summary>
public static class ActorSettings
{
    /// <summary>The dispatcher of actors that compute or block: each has a thread of its own.</summary>
    public const string PinnedDispatcher = "actortrain.pinned-dispatcher";

    /// <summary>The dispatchers.</summary>
    public static Config Dispatchers() => ConfigurationFactory.ParseString("""
        actortrain.pinned-dispatcher {
          type = PinnedDispatcher
        }
        """).WithFallback(ConfigurationFactory.ParseString(TrainerSupervisor.DispatcherConfiguration));
}
