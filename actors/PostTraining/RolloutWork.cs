using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.PostTraining;

/// <summary>Work for one preparation.</summary>
internal abstract class RolloutWork(Preparation preparation, Preparation.Group group) : WorkerPool.Work
{
    public Preparation Preparation => preparation;

    public Preparation.Group Group => group;
}

/// <summary>Samples of one prompt.</summary>
internal sealed class GenerationWork(Preparation preparation, Preparation.Group group, int[] samples, int attempt)
    : RolloutWork(preparation, group)
{
    public IReadOnlyList<int> Samples => samples;

    public int Attempt => attempt;

    /// <summary>Samples that are not answered.</summary>
    public SortedSet<int> Left { get; } = [.. samples];

    /// <summary>The workers that it is compared with; null: it is not.</summary>
    public Func<GenerationWork, HashSet<int>>? Rivals { get; set; }

    public override IReadOnlySet<int> NotBy => Rivals?.Invoke(this) ?? base.NotBy;

    public override int Load => Left.Count;

    public override WorkerCommand Command() => new GenerateRollouts(
        Preparation.Asked.Number, Preparation.Asked.Weights, Group.Prompt.Position, Group.Prompt.Ids, [.. Left], attempt);
}

/// <summary>The rollouts of one prompt, to be scored, compared with the reference, or given values.</summary>
internal sealed class JudgementWork(Preparation preparation, Preparation.Group group, ActorRole role) : RolloutWork(preparation, group)
{
    public ActorRole Role => role;

    public override WorkerCommand Command() => new JudgeRollouts(
        Preparation.Asked.Number, Preparation.Asked.Weights, Group.Prompt.Position, Group.Prompt.Ids, Group.Rollouts, Group.Attempt);
}
