using ActorTrain.Models.Randomness;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models;

/// <summary>Initial values of a model's parameters, a function of the seed alone: the same on every machine and device.</summary>
/// <remarks>Radford et al. 2019: normal with deviation 0.02, projections onto the residual stream divided by √(2 · layers); norms at 1,
/// biases at 0. A score's weight has deviation 1 / √(D + 1) (Stiennon et al. 2020, appendix C); that of a critic is 0, so that its first
/// values are (Huang et al. 2024, "The N+ implementation details of RLHF with PPO").</remarks>
public static class Initialization
{
    private const double Deviation = 0.02;

    public static void Initialize(FlatParameters parameters, ModelOptions options, ulong seed) =>
        Initialize(parameters, options, seed, static _ => true);

    /// <summary>Starts with the weights of a language model; what it lacks, a score, is as without it.</summary>
    /// <param name="trained">Laid out by <see cref="ModelLayout.OfBase"/>.</param>
    /// <param name="critic">Of a reward model, laid out by <see cref="ModelOptions.ShapeOfCritic"/>: what a critic starts with, but for its
    /// score; null: with the language model.</param>
    public static void Initialize(
        FlatParameters parameters, ModelOptions options, ulong seed, HostBuffer trained, HostBuffer? critic = null)
    {
        var known = ModelLayout.OfBase(options).Entries.ToDictionary(static entry => entry.Name, entry => (trained, entry.Offset));
        if (options.Critic)
        {
            var ofCritic = critic is null ? ModelLayout.OfBase(options) : ModelLayout.Of(options.ShapeOfCritic());
            foreach (var entry in ofCritic.Entries.Where(static entry => !entry.Name.StartsWith("score.", StringComparison.Ordinal)))
                known.Add(ModelLayout.CriticPrefix + entry.Name, (critic ?? trained, entry.Offset));
        }

        foreach (var entry in parameters.Layout.Entries.Where(entry => known.ContainsKey(entry.Name)))
        {
            var (source, offset) = known[entry.Name];
            using var target = parameters.Weights.narrow(0, entry.Offset, entry.Count);
            target.CopyFrom(source, offset);
        }

        Initialize(parameters, options, seed, entry => !known.ContainsKey(entry.Name));
    }

    private static void Initialize(FlatParameters parameters, ModelOptions options, ulong seed, Predicate<FlatEntry> isWanted)
    {
        var entries = parameters.Layout.Entries;
        for (var i = 0; i < entries.Count; i++)
        {
            if (!isWanted(entries[i]))
                continue;
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
        if (entry.Name == ModelLayout.CriticPrefix + ModelLayout.ScoreWeight)
            return;
        if (!entry.Decays)
        {
            Array.Fill(values, entry.Name.EndsWith("norm.weight", StringComparison.Ordinal) ? 1f : 0f);
            return;
        }

        var ontoResidual = entry.Name.EndsWith(".output.weight", StringComparison.Ordinal)
            || entry.Name.EndsWith(".down.weight", StringComparison.Ordinal);
        var deviation = entry.Name == ModelLayout.ScoreWeight ? 1 / Math.Sqrt(options.Width + 1.0)
            : ontoResidual ? Deviation / Math.Sqrt(2.0 * options.Layers) : Deviation;
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)(deviation * random.NextNormal());
    }
}
