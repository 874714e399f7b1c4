using System.Diagnostics;
using ActorTrain.Bench.Peers;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Storage;

namespace ActorTrain.Bench.Rollouts;

/// <summary>Our rollouts, as a run samples them: tokens and log-probabilities, in as many slots as the batch is large.</summary>
internal sealed class RolloutTrainee : IDisposable
{
    // No token ends a rollout, so that all are equally long, which suits the peer best.
    private const int NoToken = -1;

    private readonly FlatParameters parameters;
    private readonly Transformer model;
    private readonly RolloutGenerator generator;
    private readonly int[][] prompts;
    private readonly int samples;
    private long position;

    public RolloutTrainee(PeerTraining shape)
    {
        parameters = Decoding.Weights(shape.Model);
        model = new Transformer(shape.Model, parameters, shape.Precision);
        prompts = [.. Decoding.Prompts(shape).Take(TorchSharpRollouts.PromptsOf(shape))
            .Select(static ids => Array.ConvertAll(ids, static id => (int)id))];
        samples = shape.Batch / prompts.Length;
        var options = new RolloutOptions { Samples = samples, MaxTokens = Decoding.Text, Slots = shape.Batch };
        generator = new RolloutGenerator(model, options, seed: 1, NoToken, shape.Model.VocabularySize);
    }

    /// <summary>Samples all rollouts of all prompts some times.</summary>
    /// <returns>Tokens per second; those of prompts do not count, but their time does.</returns>
    public double Run(int rounds)
    {
        var started = Stopwatch.GetTimestamp();
        var tokens = 0;
        for (var round = 0; round < rounds; round++)
        {
            foreach (var prompt in prompts)
                generator.Add(position++, prompt, Enumerable.Range(0, samples));
            while (!generator.IsEmpty)
                tokens += generator.Advance().Sum(static done => done.Rollout.Ids.Count);
        }

        return tokens / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public void Dispose()
    {
        generator.Dispose();
        model.Dispose();
        parameters.Dispose();
    }
}
