using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Supervision;
using ActorTrain.Data.Plan;
using ActorTrain.Persistence.Terms;
using Akka.Actor;

namespace ActorTrain.Actors.Run;

/// <summary>What the supervisor of a run works with; owned by the process, it outlives each supervisor.</summary>
public sealed class RunParts
{
    private RecoveryState recoveryState = RecoveryState.Of([]);

    public required RunLogicOptions Options { get; init; }

    /// <summary>Which samples each lane of each step trains on.</summary>
    public required BatchPlan Plan { get; init; }

    public required RestartLimits Limits { get; init; }

    /// <summary>Under which this process leads the run.</summary>
    public RunTerm Term { get; init; } = RunTerm.None;

    public required RunChildren Children { get; init; }

    public required IGradientTransport Transport { get; init; }

    /// <summary>Receives notices, on the supervisor's thread. It must not throw.</summary>
    public required Action<RunNotice> Notify { get; init; }

    /// <summary>What is left of the run when its supervisor fails.</summary>
    public required RecoveryState RecoveryState
    {
        get => Logic?.RecoveryState ?? recoveryState;
        set => (recoveryState, Logic) = (value, null);
    }

    /// <summary>Null before the journal is read, and after the run is over.</summary>
    internal RunLogic? Logic { get; set; }

    /// <summary>Supervisors started so far; it makes the names of children unique, so that they need not wait for their
    /// predecessors.</summary>
    internal int Lives { get; set; }

    /// <summary>Actors of former supervisors that write to disk: the next supervisor waits until they have stopped.</summary>
    internal HashSet<IActorRef> Writers { get; } = [];
}
