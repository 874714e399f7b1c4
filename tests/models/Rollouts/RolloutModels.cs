using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Storage;
using TorchSharp;

namespace ActorTrain.Models.Tests.Rollouts;

/// <summary>A small policy, prompts for it, and what it samples.</summary>
internal static class RolloutModels
{
    public const int Context = 40, Vocabulary = 71, EndToken = 3, Pieces = 67;

    public static Transformer Policy(ModelFamily family, Precision precision = Precision.Float32, bool isFused = true)
    {
        var options = ModelOptions.FromDepth(2, family) with
        {
            Width = 64,
            Heads = 4,
            KeyValueHeads = family == ModelFamily.Llama ? 2 : 4,
            ContextLength = Context,
            VocabularySize = Vocabulary,
        };
        var parameters = new FlatParameters(ModelLayout.Of(options));
        Initialization.Initialize(parameters, options, seed: 8);
        var model = new Transformer(options, parameters, precision, isFused);

        // Scaled up, so that probabilities differ and attention is not uniform.
        model.Scale(3);
        return model;
    }

    /// <summary>Changes all weights.</summary>
    public static void Scale(this Transformer model, double by)
    {
        using var _ = torch.no_grad();
        using Scalar factor = by;
        model.Parameters.Weights.mul_(factor);
        model.Parameters.WeightsChanged();
    }

    /// <summary>Prompts of random lengths by position; some have the end token in them.</summary>
    public static SortedDictionary<long, EquatableArray<int>> Prompts(int seed, int count, int longest = 20)
    {
        var random = new Random(seed);
        return new(Enumerable.Range(0, count).ToDictionary(
            i => 1000 + (7L * i),
            _ => (EquatableArray<int>)[.. Enumerable.Range(0, random.Next(1, longest + 1)).Select(_ => random.Next(Pieces))]));
    }

    /// <summary>Until all are done, in the order in which they end.</summary>
    public static List<GeneratedRollout> Finish(this RolloutGenerator generator)
    {
        List<GeneratedRollout> done = [];
        while (!generator.IsEmpty)
            done.AddRange(generator.Advance());
        return done;
    }

    /// <summary>The rollouts of all samples of some prompts.</summary>
    public static List<GeneratedRollout> Sample(
        Transformer model, IReadOnlyDictionary<long, EquatableArray<int>> prompts, RolloutOptions options, ulong seed = 5)
    {
        using var generator = new RolloutGenerator(model, options, seed, EndToken, Pieces);
        foreach (var (position, prompt) in prompts)
            generator.Add(position, prompt, Enumerable.Range(0, options.Samples));
        return generator.Finish();
    }

    /// <summary>What a step learns from, with rewards from a seed; every fifth rollout has none.</summary>
    public static List<RolloutGroup> Scored(
        IReadOnlyDictionary<long, EquatableArray<int>> prompts, IEnumerable<GeneratedRollout> rollouts, int seed,
        Func<Rollout, double, float[]>? reference = null)
    {
        var random = new Random(seed);
        return
        [
            .. rollouts.GroupBy(static one => one.Position).OrderBy(static group => group.Key).Select(group => new RolloutGroup(
                group.Key, prompts[group.Key],
                [
                    .. group.OrderBy(static one => one.Sample).Select(one => new ScoredRollout(
                        one.Rollout, new RolloutScore(random.Next(5) == 0 ? null : random.Next(3), []),
                        reference is null ? [] : [.. reference(one.Rollout, random.NextDouble())])),
                ])),
        ];
    }
}
