using ActorTrain.Data.Chats;
using ActorTrain.Data.Shards;
using ActorTrain.Models;
using ActorTrain.Models.Steps;

namespace ActorTrain.Host.Training;

/// <summary>Warns of data with fewer samples than a step takes, which may be intended.</summary>
internal static class Repetition
{
    /// <summary>The warning, with a fix; null if there are enough samples for a step.</summary>
    public static string? Within(TokenStore data, long samples, TrainingOptions training, int context)
    {
        if (training.Batch <= samples)
            return null;
        if (data.Kind is not DataKind.Text)
        {
            var choose = Smaller(training, samples) is { } smaller ? $"choose {smaller}, or " : "";
            return $"training.batch is {training.Batch}, but {data.Folder} has only {Plural.Of(samples, data.Kind.Noun())} for training, "
                + $"so every step reads some more than once; {choose}prepare more.";
        }

        var shorter = (data.Train.Tokens - 1) / training.Batch;
        var fix = Smaller(training, samples) is { } batch ? $"choose {batch}, or "
            : shorter > 0 ? $"choose model.context={shorter}, or " : "";
        return $"training.batch is {training.Batch}, but {data.Folder} has only {samples} samples of {context} tokens for training, "
            + $"so every step reads some samples more than once; {fix}prepare more text.";
    }

    // A lane is a whole number of micro-batches.
    private static string? Smaller(TrainingOptions training, long samples)
    {
        var batch = samples / training.Lanes * training.Lanes;
        var whole = samples / (training.Lanes * (long)training.MicroBatch) * training.Lanes * training.MicroBatch;
        return whole > 0 ? $"training.batch={whole}"
            : batch > 0 ? $"training.batch={batch} with training.micro_batch={batch / training.Lanes}" : null;
    }
}
