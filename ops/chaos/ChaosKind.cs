using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Chaos;

public enum FaultEffect
{
    Throw,

    Hang,

    Drop,

    Duplicate,

    Defer,

    /// <summary>A trainer or sampler takes three times as long.</summary>
    Slow,

    Flip,

    /// <summary>A sampler reports a wrong bit of a log-probability.</summary>
    Misreport,

    NotANumber,

    Poison,

    Kill,

    /// <summary>The process is killed, and the newest checkpoint is truncated before the restart.</summary>
    Tear,

    /// <summary>The process is killed, and the newest file of rollouts is truncated before the restart.</summary>
    TearLedger,

    FillDisk,

    TakeDatabase,

    JumpClock,

    /// <summary>The process of a node is killed.</summary>
    KillNode,

    /// <summary>The process of a node is stopped, and woken later.</summary>
    StopNode,

    /// <summary>The process of a node is asked to end.</summary>
    EndNode,

    /// <summary>The data plane of all nodes is cut.</summary>
    CutNodes,

    PressMemory,
}

/// <summary>A kind of fault, and ActorTrain's promised response.</summary>
/// <param name="Role">The actor that it hits, or whose message triggers it.</param>
public sealed record ChaosKind(string Name, FaultEffect Effect, string Role, string What, string Answer)
{
    /// <summary>Trainers, reducers and samplers are numbered; of the others there is one each.</summary>
    public const string Trainer = "trainer", Reducer = "reducer", Supervisor = "supervisor", Trainers = "trainers", Spikes = "spikes",
        Checkpointer = "checkpointer",
        Journal = "journal", Metrics = "metrics", Rollouts = "rollouts", Sampler = "rollout", Reward = "reward", Reference = "reference",
        Critic = "critic", Ledger = "ledger", Node = "node", Anyone = "any";

    /// <summary>Where to flip a bit: in the first of these that is stored.</summary>
    public IReadOnlyList<FlatPlace> Places { get; init; } = [];

    /// <summary>Whether a decision shows the response; null if no decision is needed.</summary>
    public Func<RunEvent, ChaosFault, ChaosFired, bool>? Shows { get; init; }

    /// <summary>Default duration; null if it has none.</summary>
    public double? Seconds { get; init; }

    public bool TakesActor => Role is Trainer or Reducer or Sampler or Node or Anyone;

    /// <summary>Whether it needs the memory of trainers or samplers, which is that of this process unless they live on nodes.</summary>
    private bool IsInTheirs => Effect is FaultEffect.Poison || (Role is Trainer or Sampler
        && Effect is FaultEffect.Flip or FaultEffect.NotANumber or FaultEffect.Slow or FaultEffect.Misreport);

    /// <summary>Whether it hits a worker of rollouts, with a message of the weights that sample.</summary>
    public bool IsOfWorker => Role is Sampler or Reward or Reference or Critic;

    public bool TakesBit => Effect is FaultEffect.Flip or FaultEffect.Misreport;

    /// <summary>Whether an actor of a role ends with the one that this hits, whatever was done to it before.</summary>
    public bool EndsToo(string role) => EndsProcess || (Effect is FaultEffect.Throw && (Role is Supervisor
        || (Role is Trainers && role is Trainer)
        || (Role is Rollouts or Ledger && role is Sampler or Reward or Reference or Critic or Ledger)));

    public bool EndsProcess => Effect is FaultEffect.Kill or FaultEffect.Tear or FaultEffect.TearLedger;

    /// <summary>What a run lacks for it to occur; null: nothing.</summary>
    public string? LackIn(ChaosTarget run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var rollouts = run.Rollouts;
        return Effect switch
        {
            FaultEffect.KillNode or FaultEffect.StopNode or FaultEffect.EndNode or FaultEffect.CutNodes when run.Nodes == 0 =>
                "nodes (`actortrain chaos --nodes N`)",
            _ when IsInTheirs && run.Nodes > 0 => "trainers and samplers in the process that leads, instead of on nodes",
            FaultEffect.Poison when rollouts is not null => "a run that trains on data instead of rollouts",
            FaultEffect.Misreport when rollouts?.IsOnPolicy == false =>
                "rollouts.lag 0 and rollouts.epochs 1: else only an audit may find it",
            _ => Role switch
            {
                Rollouts or Sampler or Reward or Ledger when rollouts is null => "rollouts (`actortrain rlhf`)",
                Reference when rollouts?.HasReference != true => "a reference model (a KL coefficient above 0)",
                Critic when rollouts?.HasCritic != true => "a critic (advantages.estimator: gae)",
                _ => null,
            },
        };
    }
}
