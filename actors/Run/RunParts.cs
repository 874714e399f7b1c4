using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Supervision;
using ActorTrain.Data.Plan;
using Akka.Actor;

namespace ActorTrain.Actors.Run;

/// <summary>What the supervisor of a run works with: it belongs to the process, and outlives each of them.</summary>
public sealed class RunParts
{
    private RecoveryState recoveryState = RecoveryState.Of([]);

    /// <summary>What the run's decisions depend on.</summary>
    public required RunLogicOptions Options { get; init; }

    /// <summary>Which samples each lane of each step trains on.</summary>
    public required BatchPlan Plan { get; init; }

    /// <summary>How often children may fail.</summary>
    public required RestartLimits Limits { get; init; }

    public required RunChildren Children { get; init; }

    public required IGradientTransport Transport { get; init; }

    /// <summary>Told what a person who watches may want to see, on the supervisor's thread. It must not throw.</summary>
    public required Action<RunNotice> Notify { get; init; }

    /// <summary>What is left of the run when its supervisor fails: what its logic knows, wherever it failed.</summary>
    public required RecoveryState RecoveryState
    {
        get => Logic?.RecoveryState ?? recoveryState;
        set => (recoveryState, Logic) = (value, null);
    }

    /// <summary>The logic of the present supervisor; null before it has read its journal, and when the run is over.</summary>
    internal RunLogic? Logic { get; set; }

    /// <summary>How often the supervisor was begun: names of what must not wait for what a former one left.</summary>
    internal int Lives { get; set; }

    /// <summary>Actors of former supervisors that write to disk: the next one waits for their end.</summary>
    internal HashSet<IActorRef> Writers { get; } = [];
}
