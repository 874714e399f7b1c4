using System.Diagnostics;
using ActorTrain.Bench.Peers;
using ActorTrain.Models;
using ActorTrain.Models.Generation;
using ActorTrain.Models.Storage;

namespace ActorTrain.Bench.Rollouts;

/// <summary>The generator that was there before the decoding kernels, and still serves accelerators: libtorch's operations, a cache of keys
/// and values, one text after another.</summary>
internal sealed class OldGenerator : IDisposable
{
    private readonly FlatParameters parameters;
    private readonly Transformer model;
    private readonly int[] prompt;
    private ulong seed;

    public OldGenerator(PeerTraining shape)
    {
        parameters = Decoding.Weights(shape.Model);
        model = new Transformer(shape.Model, parameters, shape.Precision, fused: false);
        prompt = Array.ConvertAll(Decoding.Prompts(shape)[0], static id => (int)id);
    }

    /// <returns>Tokens per second, whatever the number of texts.</returns>
    public double Run(int texts)
    {
        var started = Stopwatch.GetTimestamp();
        for (var text = 0; text < texts; text++)
        {
            foreach (var _ in TextGenerator.Generate(model, prompt, Decoding.Text, new SamplingOptions { Seed = seed }))
            {
            }

            seed++;
        }

        return (double)texts * Decoding.Text / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public void Dispose()
    {
        model.Dispose();
        parameters.Dispose();
    }
}
