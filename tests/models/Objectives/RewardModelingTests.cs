using ActorTrain.Models.Batches;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.PostTraining.Rewards;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Objectives;

/// <summary>Scores, and the gradient of the loss of rankings through a model.</summary>
public sealed class RewardModelingTests : IDisposable
{
    private const int Context = 24, Vocabulary = 61;
    private static readonly int[] Rankings = [2, 4, 2, 3];
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(ModelFamily.Gpt2, 0)]
    [InlineData(ModelFamily.Gpt2, 0.05)]
    [InlineData(ModelFamily.Llama, 0.05)]
    public void The_gradient_is_that_of_the_reference_form_and_of_finite_differences(ModelFamily family, double centering)
    {
        var objective = new RewardModeling(new RewardOptions { Centering = centering });
        using var model = Build(Precision.Float32, fused: true, family);
        using var reference = Build(Precision.Float32, fused: false, family);
        var batch = Ranked(seed: 4, Rankings);
        var gradient = Gradient(objective, model, batch, out var value);
        ModelGradient.Distance(gradient, Gradient(objective, reference, batch, out var expected)).ShouldBeLessThan(1e-4);
        value.ShouldBe(expected, 1e-5 * Math.Abs(expected));

        // Along the gradient the slope is its norm.
        var norm = Math.Sqrt(gradient.Sum(static one => (double)one * one));
        var weights = model.Parameters.Weights.clone();
        var direction = model.Parameters.Gradients.clone();
        const double h = 1e-3;
        ((At(h) - At(-h)) / (2 * h)).ShouldBe(norm, 0.02 * norm);

        double At(double distance)
        {
            using (no_grad())
                model.Parameters.Weights.copy_(weights + direction * (distance / norm));
            model.Parameters.WeightsChanged();
            Gradient(objective, model, batch, out var there);
            return there;
        }
    }

    [Fact]
    public void In_bfloat16_the_gradient_is_near_that_of_the_reference_form()
    {
        var objective = new RewardModeling(new RewardOptions());
        using var model = Build(Precision.BFloat16, fused: true);
        using var reference = Build(Precision.Float32, fused: false);
        var batch = Ranked(seed: 4, Rankings);
        ModelGradient.Distance(Gradient(objective, model, batch, out _), Gradient(objective, reference, batch, out _)).ShouldBeLessThan(0.05);
    }

    [Fact]
    public void The_loss_of_rankings_in_several_batches_is_that_of_one()
    {
        var objective = new RewardModeling(new RewardOptions { Centering = 0.01 });
        using var model = Build(Precision.Float32, fused: true);
        var batch = Ranked(seed: 2, Rankings);
        var whole = Gradient(objective, model, batch, out var loss);
        var (sum, parts, first) = (0.0, new float[whole.Length], 0);
        for (var ranking = 0; ranking < Rankings.Length; first += Rankings[ranking++])
        {
            var alone = Part(batch, first, Rankings[ranking], batch.Margins[ranking]);
            var part = Gradient(objective, model, alone, out var value, rankings: Rankings.Length);
            sum += value;
            for (var i = 0; i < parts.Length; i++)
                parts[i] += part[i];
        }

        sum.ShouldBe(loss, 1e-12);
        ModelGradient.Distance(parts, whole).ShouldBeLessThan(1e-5);
    }

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void A_score_has_the_bits_of_its_sequence_alone_for_any_neighbours_and_threads(Precision precision)
    {
        using var model = Build(precision, fused: true);
        var batch = Ranked(seed: 7, Rankings);
        var scores = ScalarScores.OfSequences(model, batch);
        for (var sequence = 0; sequence < batch.Sequences; sequence++)
            ScalarScores.OfSequences(model, Part(batch, sequence, 1, margin: 0)).ShouldBe([scores[sequence]]);
        ComputeThreads.Set(1);
        ScalarScores.OfSequences(model, batch).ShouldBe(scores);
        ComputeThreads.Set(Environment.ProcessorCount);
        ScalarScores.OfSequences(model, batch).ShouldBe(scores);
    }

    [Fact]
    public void A_sequence_is_scored_at_its_last_token_whichever_that_is()
    {
        // transformers#35352, gpt-neox#1285, TRL#937, TRL#5813: the score of the first end token, or of a padding.
        using var model = Build(Precision.Float32, fused: true);
        const int End = 3;
        long[] tokens = [5, End, 8, 9, End, End];
        var values = ScalarScores.OfRows(model, Whole(tokens));
        values.Distinct().Count().ShouldBe(tokens.Length);
        for (var length = 1; length <= tokens.Length; length++)
            ScalarScores.OfSequences(model, Whole(tokens[..length])).ShouldBe([values[length - 1]]);

        static RankedBatch Whole(long[] tokens) => new(tokens, [tokens.Length], [1], [0]);
    }

    [Fact]
    public void A_score_of_the_fused_form_is_near_that_of_the_reference_form()
    {
        using var model = Build(Precision.Float32, fused: true, ModelFamily.Llama);
        using var reference = Build(Precision.Float32, fused: false, ModelFamily.Llama);
        var batch = Ranked(seed: 3, Rankings);
        foreach (var (one, other) in ScalarScores.OfRows(model, batch).Zip(ScalarScores.OfRows(reference, batch)))
            one.ShouldBe(other, 1e-4);
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void A_model_with_a_score_begins_with_the_weights_of_a_language_model_and_a_score_of_its_own_seed(ModelFamily family)
    {
        var options = Options(family);
        using var language = new FlatParameters(ModelLayout.OfBase(options));
        Initialization.Initialize(language, options with { Output = ModelOutput.Logits }, seed: 5);
        using var trained = new HostBuffer(language.Layout.Length * sizeof(float));
        language.Weights.CopyTo(trained);

        var (one, same, other) = (Begun(1), Begun(1), Begun(2));
        Values(one.Weights).ShouldBe(Values(same.Weights));
        foreach (var entry in one.Layout.Entries.Where(static entry => !entry.Name.StartsWith("score", StringComparison.Ordinal)))
            Values(one[entry.Name].Parameter).ShouldBe(Values(language[entry.Name].Parameter));
        Values(one[ModelLayout.ScoreBias].Parameter).ShouldBe([0]);
        var score = Values(one[ModelLayout.ScoreWeight].Parameter);
        Math.Sqrt(score.Average(static w => (double)w * w)).ShouldBe(1 / Math.Sqrt(options.Width + 1), 0.3 / Math.Sqrt(options.Width));
        Values(other[ModelLayout.ScoreWeight].Parameter).ShouldNotBe(score);

        FlatParameters Begun(ulong seed)
        {
            var parameters = new FlatParameters(ModelLayout.Of(options));
            Initialization.Initialize(parameters, options, seed, trained);
            return parameters;
        }

        static float[] Values(Tensor tensor) => tensor.detach().reshape(-1).data<float>().ToArray();
    }

    [Fact]
    public void A_model_has_logits_or_a_score()
    {
        using var model = Build(Precision.Float32, fused: true);
        var batch = Ranked(seed: 1, [2]);
        Should.Throw<InvalidOperationException>(() => SequenceScores.Of(model, batch));
        model.Options.TrainingFlopsPerToken.ShouldBeLessThan((model.Options with { Output = ModelOutput.Logits }).TrainingFlopsPerToken);
        ModelLayout.Of(model.Options).ParameterCount.ShouldBe(ModelLayout.OfBase(model.Options).ParameterCount + model.Options.Width + 1);
    }

    [Fact]
    public void Validation_is_the_mean_loss_of_rankings_and_the_share_of_their_pairs_in_order()
    {
        using var model = Build(Precision.Float32, fused: true);
        var objective = new RewardModeling(new RewardOptions());
        var batch = Ranked(seed: 8, Rankings);
        var validation = objective.Validate(model, []);
        var (right, first) = (0L, 0);
        var scores = ScalarScores.OfSequences(model, batch);
        for (var ranking = 0; ranking < Rankings.Length; first += Rankings[ranking++])
        {
            validation.Add(Part(batch, first, Rankings[ranking], batch.Margins[ranking]));
            for (var better = first; better < first + Rankings[ranking]; better++)
                right += scores[(better + 1)..(first + Rankings[ranking])].Count(worse => scores[better] > worse);
        }

        Gradient(objective, model, batch, out var loss);
        var result = validation.Result();
        result.Loss.ShouldBe(loss, 1e-12);
        result.Accuracy.ShouldBe(right / 11.0);
        result.Tokens.ShouldBe(Rankings.Length);
    }

    private static RankedBatch Ranked(int seed, int[] rankings)
    {
        var random = new Random(seed);
        List<long> inputs = [], ends = [];
        for (var sequence = 0; sequence < rankings.Sum(); sequence++)
        {
            inputs.AddRange(Enumerable.Range(0, random.Next(1, Context + 1)).Select(_ => (long)random.Next(Vocabulary)));
            ends.Add(inputs.Count);
        }

        return new RankedBatch([.. inputs], [.. ends], rankings, [.. rankings.Select(size => size == 2 ? random.NextDouble() : 0)]);
    }

    // Some sequences as one ranking.
    private static RankedBatch Part(RankedBatch batch, int first, int size, double margin)
    {
        var (start, end) = (batch.RowsOf(first).Start, batch.RowsOf(first + size - 1).End);
        return new RankedBatch(
            batch.Inputs[start..end], [.. batch.Ends![first..(first + size)].Select(at => at - start)], [size], [margin]);
    }

    private static float[] Gradient(RewardModeling objective, Transformer model, RankedBatch batch, out double value, long? rankings = null)
    {
        var loss = 0.0;
        var gradient = ModelGradient.Of(model, () => loss = objective.Add(model, batch, rankings ?? batch.Rankings.Count).Loss);
        value = loss;
        return gradient;
    }

    private static ModelOptions Options(ModelFamily family) =>
        ModelOptions.FromDepth(1, family) with { ContextLength = Context, VocabularySize = Vocabulary, Output = ModelOutput.Score };

    private static Transformer Build(Precision precision, bool fused, ModelFamily family = ModelFamily.Gpt2)
    {
        var options = Options(family);
        var parameters = new FlatParameters(ModelLayout.Of(options));
        Initialization.Initialize(parameters, options, seed: 5);
        return new Transformer(options, parameters, precision, fused);
    }
}
