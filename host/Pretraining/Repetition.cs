using ActorTrain.Data.Shards;
using ActorTrain.Models.Steps;

namespace ActorTrain.Host.Pretraining;

/// <summary>Warns of data with fewer samples than a step takes, which may be intended.</summary>
internal static class Repetition
{
    /// <summary>The warning, with a fix; null if there are enough samples for a step.</summary>
    public static string? Within(TokenStore data, TrainingOptions training, int context)
    {
        var samples = data.Train.SampleCount(context);
        if (training.Batch <= samples)
            return null;
        var batch = samples / training.Lanes * training.Lanes;
        var shorter = (data.Train.Tokens - 1) / training.Batch;
        var fix = batch > 0 ? $"choose training.batch={batch}, or " : shorter > 0 ? $"choose model.context={shorter}, or " : "";
        return $"training.batch is {training.Batch}, but {data.Folder} has only {samples} samples of {context} tokens for training, "
            + $"so every step reads some samples more than once; {fix}prepare more text.";
    }
}
