using System.Collections.Frozen;
using ActorTrain.Actors.Training;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.PostTraining;

/// <summary>A prompt that a step needs completions of.</summary>
/// <param name="Position">In the stream of prompts.</param>
public readonly record struct Prompt(long Position, EquatableArray<int> Ids);

/// <summary>What the decisions about rollouts depend on.</summary>
public sealed record RolloutsOptions
{
    /// <summary>The prompts of a step, in order of their positions, given what the plan skips.</summary>
    public required Func<long, SkipList, IReadOnlyList<Prompt>> Prompts { get; init; }

    public required RolloutOptions Rollouts { get; init; }

    public required AdvantageOptions Advantages { get; init; }

    /// <summary>Token ids are below it.</summary>
    public int Pieces { get; init; } = int.MaxValue;

    public int Rewards { get; init; } = 1;

    /// <summary>Prompts whose rollouts a scorer works at side by side, where it waits for others.</summary>
    public int ScoredAtOnce { get; init; }

    /// <summary>0 if nothing is compared with a reference model.</summary>
    public int References { get; init; }

    /// <summary>0 without a critic.</summary>
    public int Critics { get; init; }

    /// <summary>Steps between those in which a rollout is sampled twice, and the rollouts of its prompt are judged twice, and both are
    /// compared; 0: none is.</summary>
    public int AuditEvery { get; init; }

    /// <summary>Who judges the rollouts of each prompt.</summary>
    public IEnumerable<ActorRole> Judges =>
        ((ActorRole[])[ActorRole.Reward, ActorRole.Reference, ActorRole.Critic]).Where(role => CountOf(role) > 0);

    /// <summary>Roles whose workers live on nodes; the others live in this process.</summary>
    public IReadOnlySet<ActorRole> OnNodes { get; init; } = FrozenSet<ActorRole>.Empty;

    /// <summary>How often workers may be lost.</summary>
    public required TrainerSupervisorOptions Supervision { get; init; }

    /// <summary>A worker that reports nothing for this long, and has work, is considered hung.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Unanswered messages are repeated after this time.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Workers of a role.</summary>
    public int CountOf(ActorRole role) => role switch
    {
        ActorRole.Rollout => Rollouts.Workers,
        ActorRole.Reward => Rewards,
        ActorRole.Reference => References,
        ActorRole.Critic => Critics,
        _ => 0,
    };
}
