using System.Diagnostics;
using ActorTrain.Bench.Peers;
using ActorTrain.Models;
using ActorTrain.Models.Generation;
using ActorTrain.Models.Storage;

namespace ActorTrain.Bench;

/// <summary>Our side of the decoding benchmark: some texts side by side.</summary>
internal sealed class DecodeTrainee : IDisposable
{
    private readonly PeerTraining shape;
    private readonly FlatParameters parameters;
    private readonly Transformer model;
    private readonly IncrementalDecoder decoder;
    private readonly KeyValueSlot[] prompts;
    private readonly DrawnToken[] first;
    private readonly int[] prompt;

    public DecodeTrainee(PeerTraining shape)
    {
        this.shape = shape;
        parameters = Decoding.Weights(shape.Model);
        model = new Transformer(shape.Model, parameters, shape.Precision);
        decoder = new IncrementalDecoder(model, (2 * shape.Batch + 1) * KeyValueBlocks.Of(Decoding.Prompt + Decoding.Text + 1));
        var tokens = Decoding.Prompts(shape).Select(static ids => Array.ConvertAll(ids, static id => (int)id)).ToArray();
        prompt = tokens[0];
        prompts = [.. tokens.Select(_ => decoder.NewSlot())];
        first = Draw(prompts, tokens);
    }

    /// <summary>Of the first text's first token.</summary>
    public double Loss => -first[0].LogProbability;

    /// <summary>The same of a trainee that ends at once.</summary>
    public static double LossOf(PeerTraining shape)
    {
        using var trainee = new DecodeTrainee(shape);
        return trainee.Loss;
    }

    /// <returns>Tokens per second of all texts.</returns>
    public double Decode(int rounds)
    {
        var started = Stopwatch.GetTimestamp();
        for (var round = 0; round < rounds; round++)
        {
            KeyValueSlot[] slots = [.. prompts.Select(static slot => slot.Fork())];
            var last = first;
            for (var i = 0; i < Decoding.Text; i++)
                last = Draw(slots, Array.ConvertAll(last, static token => new[] { token.Id }));
            foreach (var slot in slots)
                slot.Dispose();
        }

        return (double)rounds * Decoding.Text * prompts.Length / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <returns>Tokens per second of reading the prompt and drawing the first token after it.</returns>
    public double Prefill(int rounds)
    {
        var started = Stopwatch.GetTimestamp();
        for (var round = 0; round < rounds; round++)
        {
            using var slot = decoder.NewSlot();
            Draw([slot], [prompt]);
        }

        return (double)rounds * Decoding.Prompt / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public void Dispose()
    {
        decoder.Dispose();
        model.Dispose();
        parameters.Dispose();
    }

    private DrawnToken[] Draw(KeyValueSlot[] slots, int[][] tokens)
    {
        var logits = decoder.Feed([.. slots.Zip(tokens, static (slot, ids) => new TokenRun(slot, ids))]);
        return FusedSampler.Draw(
            logits, [.. slots.Select(_ => new Drawing(SamplingOptions.Greedy, 0, shape.Model.VocabularySize, []))]);
    }
}
