using ActorTrain.Models.Randomness;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models;

/// <summary>Initial values of a model's parameters, a function of the seed alone: the same on every machine and device.</summary>
/// <remarks>Radford et al. 2019: normal with deviation 0.02, projections onto the residual stream divided by √(2 · layers); norms at 1,
/// biases at 0.</remarks>
public static class Initialization
{
    private const double Deviation = 0.02;

    public static void Initialize(FlatParameters parameters, ModelOptions options, ulong seed)
    {
        var entries = parameters.Layout.Entries;
        for (var i = 0; i < entries.Count; i++)
        {
            var values = new float[entries[i].Count];
            Fill(values, entries[i], options, new CounterRandom(seed, step: 0, lane: i, RandomUse.Initialization));
            using var target = parameters.Weights.narrow(0, entries[i].Offset, values.Length);
            using var source = tensor(values);
            target.copy_(source);
        }

        parameters.WeightsChanged();
    }

    private static void Fill(float[] values, FlatEntry entry, ModelOptions options, CounterRandom random)
    {
        if (!entry.Decays)
        {
            Array.Fill(values, entry.Name.EndsWith("norm.weight", StringComparison.Ordinal) ? 1f : 0f);
            return;
        }

        var ontoResidual = entry.Name.EndsWith(".output.weight", StringComparison.Ordinal)
            || entry.Name.EndsWith(".down.weight", StringComparison.Ordinal);
        var deviation = ontoResidual ? Deviation / Math.Sqrt(2.0 * options.Layers) : Deviation;
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)(deviation * random.NextNormal());
    }
}
