using ActorTrain.Data.Chats;
using ActorTrain.Data.Plan;
using ActorTrain.Data.Shards;
using ActorTrain.Models;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Steps;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Host.Training;

/// <summary>What a run is trained and evaluated on.</summary>
/// <param name="Samples">For training.</param>
/// <param name="Batches">The micro-batches of some samples, in order.</param>
/// <param name="Targets">What the loss is the mean of, in some samples: targets, pairs or rankings; null if each row has a target.</param>
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
    /// <param name="mismatched">Whether batches of pairs have mismatched sequences.</param>
    /// <exception cref="UserErrorException">The data does not fit the model's context.</exception>
    public static TrainingData Of(
        TokenStore data, ModelOptions model, TrainingOptions options, bool mismatched, Func<ReferenceScores?> reference)
    {
        RequireContext(data, model);
        if (data.Kind is DataKind.Text)
            return OfText(data, model.ContextLength, model, options);
        if (model.Output is ModelOutput.Score)
            return OfRankings(data, data.TrainSequences, options);
        return data.Kind is DataKind.Pairs ? OfPairs(data, data.TrainSequences, options, mismatched, reference)
            : OfChats(data, data.TrainSequences, options);
    }

    private static TrainingData OfText(TokenStore data, int context, ModelOptions model, TrainingOptions options) => new(
        data.SampleCount(context),
        new SampleReader(data.Train, context, options.MicroBatch).Batches,
        Targets: null,
        data.Validation is { } part ? new SampleReader(part, context, options.MicroBatch).FromStart : null,
        (long)options.Batch * context,
        options.LanesAtOnce(model));

    /// <exception cref="UserErrorException">The text is shorter than a context, or a chat, pair or ranking longer.</exception>
    public static void RequireContext(TokenStore data, ModelOptions model)
    {
        var context = model.ContextLength;
        if (data.Kind is DataKind.Text)
        {
            data.SampleCount(context);
            return;
        }

        // To be predicted, the last token need not be read; to be scored there, it must be.
        var most = model.Output is ModelOutput.Score ? context : context + 1;
        var longest = Math.Max(data.TrainSequences.Longest, data.ValidationSequences?.Longest ?? 0);
        if (longest > most)
        {
            throw new UserErrorException(
                $"{data.Folder} holds a {data.Kind.Noun()} of {longest} tokens, but the model reads at most {most} (its context is "
                + $"{context}): prepare it with `actortrain prepare --max-tokens {most}`; --too-long says what becomes of longer "
                + "ones.");
        }
    }

    private static TrainingData OfRankings(TokenStore data, SequencePart training, TrainingOptions options) => new(
        training.Groups,
        new RankedSamples(training, options.MicroBatch).Batches,
        Targets: static samples => samples.LongCount(),
        data.ValidationSequences is { } part ? new RankedSamples(part, options.MicroBatch).FromStart : null,
        Math.Max(1, training.Tokens * options.Batch / training.Groups),
        LanesAtOnce: 1);

    private static TrainingData OfPairs(
        TokenStore data, SequencePart training, TrainingOptions options, bool mismatched, Func<ReferenceScores?> reference) => new(
        training.Groups,
        samples => new PairSamples(training, options.MicroBatch, reference()?.Training ?? [], mismatched).Batches(samples),
        Targets: static samples => samples.LongCount(),
        data.ValidationSequences is { } part
            ? batches => new PairSamples(part, options.MicroBatch, reference()?.Validation ?? [], mismatched).FromStart(batches) : null,
        Math.Max(1, (training.Tokens - training.Sequences) * options.Batch / training.Groups),
        LanesAtOnce: 1);

    private static TrainingData OfChats(TokenStore data, SequencePart training, TrainingOptions options)
    {
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
