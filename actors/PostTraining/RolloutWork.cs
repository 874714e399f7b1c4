using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.PostTraining;

/// <summary>Work for one preparation.</summary>
/// <param name="role">Who does it.</param>
/// <param name="attempt">Of what is asked for.</param>
internal abstract class RolloutWork(ActorRole role, Preparation preparation, Preparation.Group group, int attempt) : WorkerPool.Work
{
    public ActorRole Role => role;

    public Preparation Preparation => preparation;

    public Preparation.Group Group => group;

    public int Attempt => attempt;

    /// <summary>Whether answers differ, so that it decides who computes wrongly.</summary>
    public abstract bool IsContested { get; }
}

/// <summary>Samples of one prompt.</summary>
/// <param name="beside">All work that is not done.</param>
internal sealed class GenerationWork(
    Preparation preparation, Preparation.Group group, int[] samples, int attempt, IReadOnlyList<RolloutWork> beside)
    : RolloutWork(ActorRole.Rollout, preparation, group, attempt)
{
    /// <summary>Samples that are not answered.</summary>
    public SortedSet<int> Left { get; } = [.. samples];

    public override bool IsContested => Left.Any(sample => Group.Samples[sample].IsContested);

    // Who computes, or has computed, the same for comparison: a worker that computes wrongly may do so twice.
    public override IReadOnlySet<int> NotBy =>
        beside.Where(other => other != this && other.Group == Group && other.IsGiven).OfType<GenerationWork>()
            .Where(other => other.Left.Overlaps(Left)).Select(static other => other.GivenTo)
            .Concat(Left.SelectMany(sample => Group.Samples[sample].Others(Attempt))).ToHashSet();

    public override int Load => Left.Count;

    public override WorkerCommand Command() => new GenerateRollouts(
        Preparation.Asked.Number, Preparation.Asked.Weights, Group.Prompt.Position, Group.Prompt.Ids, [.. Left], Attempt);
}

/// <summary>The rollouts of one prompt, to be scored, compared with the reference, or given values.</summary>
internal sealed class JudgementWork(ActorRole role, Preparation preparation, Preparation.Group group, int attempt)
    : RolloutWork(role, preparation, group, attempt)
{
    public override bool IsContested => Group.Judgements[Role].IsContested;

    // Nobody is asked for a second computation before the first is answered.
    public override IReadOnlySet<int> NotBy => Group.Judgements[Role].Workers;

    public override WorkerCommand Command() => new JudgeRollouts(
        Preparation.Asked.Number, Preparation.Asked.Weights, Group.Prompt.Position, Group.Prompt.Ids, Group.Rollouts, Attempt);
}
