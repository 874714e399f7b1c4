using ActorTrain.Models.Batches;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.PostTraining.Preferences;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Objectives;

/// <summary>The gradient of preference losses through a model.</summary>
public sealed class PreferenceTests : IDisposable
{
    private const int Context = 24, Vocabulary = 61;
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(PreferenceLoss.Dpo)]
    [InlineData(PreferenceLoss.Ipo)]
    [InlineData(PreferenceLoss.SimPo)]
    [InlineData(PreferenceLoss.Orpo)]
    public void The_gradient_is_that_of_the_reference_form_and_of_finite_differences(PreferenceLoss loss)
    {
        var objective = new Preference(new PreferenceOptions { Loss = loss, Beta = 0.5 });
        using var model = Build(Precision.Float32, fused: true);
        using var reference = Build(Precision.Float32, fused: false);
        var batch = Pairs(seed: 4, pairs: 3);
        var gradient = Gradient(objective, model, batch, out var value);
        ModelGradient.Distance(gradient, Gradient(objective, reference, batch, out var expected)).ShouldBeLessThan(1e-4);
        value.ShouldBe(expected, 1e-5 * Math.Abs(expected));

        // Along the gradient the slope is its norm.
        var norm = Math.Sqrt(gradient.Sum(static one => (double)one * one));
        var weights = model.Parameters.Weights.clone();
        var direction = model.Parameters.Gradients.clone();
        const double h = 1e-2;
        var slope = (At(h) - At(-h)) / (2 * h);
        slope.ShouldBe(norm, 0.02 * norm);

        double At(double distance)
        {
            using (no_grad())
                model.Parameters.Weights.copy_(weights + direction * (distance / norm));
            model.Parameters.WeightsChanged();
            Gradient(objective, model, batch, out var there);
            return there;
        }
    }

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void Before_the_first_update_policy_and_reference_agree_to_the_bit(Precision precision)
    {
        // TRL#2568, #2733: log-probabilities that took in a wrong position did not.
        using var model = Build(precision, fused: true);
        var batch = Pairs(seed: 9, pairs: 4);
        var scored = new PairBatch(batch.Inputs, batch.Targets, batch.Ends!, SequenceScores.Of(model, batch));
        Gradient(new Preference(new PreferenceOptions()), model, scored, out var loss);
        loss.ShouldBe(Math.Log(2), 1e-15);
    }

    [Fact]
    public void Pairs_in_several_batches_have_the_loss_and_gradient_of_one_batch()
    {
        var objective = new Preference(new PreferenceOptions());
        using var model = Build(Precision.Float32, fused: true);
        var batch = Pairs(seed: 2, pairs: 4);
        var whole = Gradient(objective, model, batch, out var loss);
        var (sum, parts) = (0.0, new float[whole.Length]);
        for (var pair = 0; pair < 4; pair++)
        {
            var (start, end) = (batch.RowsOf(2 * pair).Start, batch.RowsOf(2 * pair + 1).End);
            var alone = new PairBatch(batch.Inputs[start..end], batch.Targets[start..end],
                [.. batch.Ends![(2 * pair)..(2 * pair + 2)].Select(at => at - start)], batch.References[(2 * pair)..(2 * pair + 2)]);
            var part = Gradient(objective, model, alone, out var value, pairs: 4);
            sum += value;
            for (var i = 0; i < parts.Length; i++)
                parts[i] += part[i];
        }

        sum.ShouldBe(loss, 1e-12);
        ModelGradient.Distance(parts, whole).ShouldBeLessThan(1e-5);
    }

    private static PairBatch Pairs(int seed, int pairs)
    {
        var random = new Random(seed);
        List<long> inputs = [], targets = [], ends = [];
        for (var sequence = 0; sequence < 2 * pairs; sequence++)
        {
            var (length, prompt) = (random.Next(4, Context + 1), random.Next(0, 3));
            for (var row = 0; row < length; row++)
            {
                inputs.Add(random.Next(Vocabulary));
                targets.Add(row < prompt ? TokenBatch.NoTarget : random.Next(Vocabulary));
            }

            ends.Add(inputs.Count);
        }

        return new PairBatch([.. inputs], [.. targets], [.. ends], [.. ends.Select(_ => -40 - 20 * random.NextDouble())]);
    }

    private static float[] Gradient(Preference objective, Transformer model, PairBatch batch, out double value, long? pairs = null)
    {
        var loss = 0.0;
        var gradient = ModelGradient.Of(model, () => loss = objective.Add(model, batch, pairs ?? batch.Sequences / 2));
        value = loss;
        return gradient;
    }

    private static Transformer Build(Precision precision, bool fused)
    {
        var options = ModelOptions.FromDepth(1) with { ContextLength = Context, VocabularySize = Vocabulary };
        var parameters = new FlatParameters(ModelLayout.Of(options));
        Initialization.Initialize(parameters, options, seed: 5);
        return new Transformer(options, parameters, precision, fused);
    }
}
