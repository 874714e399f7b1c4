using ActorTrain.Models.Objectives;
using ActorTrain.Models.PostTraining.Rewards;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Objectives;

public sealed class RewardScorerTests : IDisposable
{
    private static readonly ModelOptions Options =
        ModelOptions.FromDepth(1) with { ContextLength = 12, VocabularySize = 30, Output = ModelOutput.Score };

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly FlatParameters parameters = new(ModelLayout.Of(Options));
    private readonly Transformer model;

    public RewardScorerTests()
    {
        Initialization.Initialize(parameters, Options, seed: 3);
        model = new Transformer(Options, parameters);
    }

    public void Dispose()
    {
        model.Dispose();
        parameters.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void Reference_samples_have_scores_of_mean_0_and_deviation_1()
    {
        var random = new Random(1);
        long[][] samples =
            [.. Enumerable.Range(0, 50).Select(_ => Enumerable.Range(0, random.Next(1, 13)).Select(_ => (long)random.Next(30)).ToArray())];
        var scorer = new RewardScorer(model, RewardNormalization.From(new RewardScorer(model, RewardNormalization.None).Score(samples)));
        var scores = scorer.Score(samples);
        scores.Average().ShouldBe(0, 1e-6);
        Math.Sqrt(scores.Average(static score => score * score)).ShouldBe(1, 1e-6);
    }

    [Fact]
    public void The_score_of_a_sequence_is_the_value_of_its_last_token_and_that_of_its_beginnings_the_others()
    {
        long[][] sequences = [[4, 9, 2], [7], [1, 1, 1, 1]];
        var scorer = new RewardScorer(model, new RewardNormalization(2, -0.5));
        var values = scorer.Values(sequences);
        values.Select(static value => value.Length).ShouldBe([3, 1, 4]);
        scorer.Score(sequences).ShouldBe(values.Select(static value => value[^1]));
        for (var i = 0; i < sequences.Length; i++)
        {
            for (var length = 1; length <= sequences[i].Length; length++)
                scorer.Score([sequences[i][..length]]).ShouldBe([values[i][length - 1]]);
        }
    }
}
