using ActorTrain.Data.Chats;
using ActorTrain.Data.Plan;
using ActorTrain.Data.Shards;
using ActorTrain.Models;
using ActorTrain.Models.Steps;

namespace ActorTrain.Host.Training;

/// <summary>What a run is trained and evaluated on.</summary>
/// <param name="Samples">For training.</param>
/// <param name="Batches">The micro-batches of some samples, in order.</param>
/// <param name="Targets">How many targets some samples have; null if each row has one.</param>
/// <param name="Validation">The first so many validation batches, 0 for all; null without a validation split.</param>
/// <param name="TokensPerStep">Of chats, whose lengths differ, the mean.</param>
/// <param name="LanesAtOnce">How many lanes may be computed in one pass.</param>
internal sealed record TrainingData(
    long Samples,
    Func<IEnumerable<PlannedSample>, IEnumerable<TokenBatch>> Batches,
    Func<IEnumerable<PlannedSample>, long>? Targets,
    Func<int, IEnumerable<TokenBatch>>? Validation,
    long TokensPerStep,
    int LanesAtOnce)
{
    /// <exception cref="UserErrorException">The data does not fit the model's context.</exception>
    public static TrainingData Of(TokenStore data, ModelOptions model, TrainingOptions options) => data.Kind is DataKind.Text
        ? OfText(data, model.ContextLength, model, options)
        : OfChats(data, data.TrainSequences, model.ContextLength, options);

    /// <exception cref="UserErrorException">A chat is longer than a context.</exception>
    public static void RequireContext(TokenStore data, int context)
    {
        var longest = Math.Max(data.TrainSequences.Longest, data.ValidationSequences?.Longest ?? 0);
        if (longest > context + 1)
        {
            throw new UserErrorException(
                $"{data.Folder} holds a chat of {longest} tokens, but with a context of {context} the model reads at most {context + 1}: "
                + $"prepare it with `actortrain prepare --max-tokens {context + 1}`, and --too-long for what becomes of longer ones.");
        }
    }

    private static TrainingData OfText(TokenStore data, int context, ModelOptions model, TrainingOptions options) => new(
        data.Train.SampleCount(context),
        new SampleReader(data.Train, context, options.MicroBatch).Batches,
        Targets: null,
        data.Validation is { } part ? new SampleReader(part, context, options.MicroBatch).FromStart : null,
        (long)options.Batch * context,
        options.LanesAtOnce(model));

    private static TrainingData OfChats(TokenStore data, SequencePart training, int context, TrainingOptions options)
    {
        RequireContext(data, context);
        var samples = new ChatSamples(training, options.MicroBatch);
        return new TrainingData(
            training.Groups,
            samples.Batches,
            samples.Targets,
            data.ValidationSequences is { } part ? new ChatSamples(part, options.MicroBatch).FromStart : null,
            Math.Max(1, (training.Tokens - training.Sequences) * options.Batch / training.Sequences),
            LanesAtOnce: 1);
    }
}
