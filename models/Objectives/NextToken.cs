using ActorTrain.Models.Batches;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Layers;
using static TorchSharp.torch;

namespace ActorTrain.Models.Objectives;

/// <summary>Cross-entropy of the targets, in nats.</summary>
public sealed class NextToken : IObjective
{
    public bool TakesLanesAtOnce => true;

    public LossPart Add(Transformer model, TokenBatch batch, long count)
    {
        using var scope = NewDisposeScope();
        var (inputs, targets) = batch.ToTensors(model.Parameters.Device);
        var part = model.Loss(inputs, targets, 1f / count, batch.TextRows());
        part.backward();
        return part.item<float>();
    }

    public IValidation Validate(Transformer model, IReadOnlyList<int> byteCounts) => new ValidationSum(model, byteCounts);
}
