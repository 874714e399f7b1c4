using ActorTrain.Models.Batches;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.PostTraining.Policies;

namespace ActorTrain.Models.Objectives;

/// <summary>What training lowers.</summary>
/// <remarks>The loss of a step is a mean over all of its batch, so every part is told how many it is the mean of.</remarks>
public interface IObjective
{
    /// <summary>Whether several lanes may be computed in one pass.</summary>
    bool TakesLanesAtOnce { get; }

    /// <summary>The objective of a step, where it depends on all of the step's batch.</summary>
    /// <param name="model">Its gradients are not changed.</param>
    /// <param name="batches">Of all lanes of the step, in the order of the plan; not read unless needed.</param>
    IObjective OfStep(Transformer model, IEnumerable<TokenBatch> batches) => this;

    /// <summary>Adds the gradient of a micro-batch to the one that the model's parameters have been lent.</summary>
    /// <param name="count">What the loss is the mean of, in the whole step: targets, or pairs.</param>
    LossPart Add(Transformer model, TokenBatch batch, long count);

    /// <summary>Begins the loss on the validation split.</summary>
    /// <param name="model">Its gradients are not changed.</param>
    /// <param name="byteCounts">Bytes of text of each token id.</param>
    IValidation Validate(Transformer model, IReadOnlyList<int> byteCounts);
}

/// <summary>What a micro-batch adds to the loss of the step.</summary>
/// <param name="Policy">Of its tokens, for a policy.</param>
public readonly record struct LossPart(double Loss, PolicyFigures? Policy = null)
{
    public static implicit operator LossPart(double loss) => new(loss);

    public static LossPart operator +(LossPart left, LossPart right) => new(
        left.Loss + right.Loss,
        left.Policy is { } some && right.Policy is { } more ? some + more : left.Policy ?? right.Policy);
}
