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
    [InlineData(PreferenceLoss.Kto)]
    public void The_gradient_is_that_of_the_reference_form_and_of_finite_differences(PreferenceLoss loss)
    {
        using var model = Build(Precision.Float32, fused: true);
        using var reference = Build(Precision.Float32, fused: false);
        var batch = Pairs(seed: 4, pairs: 3);

        // No gradient flows through the reference point of KTO.
        var options = new PreferenceOptions { Loss = loss, Beta = 0.5, DesirableWeight = 1.5, UndesirableWeight = 0.75 };
        var objective = new Preference(options).OfStep(model, [batch]);
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
        // TRL#2568, TRL#2733: log-probabilities that took in a wrong position did not.
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

    [Fact]
    public void The_reference_point_of_kto_is_that_of_the_whole_step_and_0_before_the_first_update()
    {
        // TRL: each process had the reference point of its own micro-batch.
        using var model = Build(Precision.Float32, fused: true);
        var options = new PreferenceOptions { Loss = PreferenceLoss.Kto, Beta = 0.01 };
        PairBatch[] step = [Pairs(seed: 1, pairs: 2), Pairs(seed: 2, pairs: 3)];
        var own = step.SelectMany(batch => SequenceScores.Of(model, batch.Mismatched!));
        var references = step.SelectMany(static batch => batch.Mismatched!.References);
        var z = Kto.ReferencePoint([.. own.Zip(references, static (sum, reference) => sum - reference)], 5);
        foreach (var batch in step)
        {
            Gradient(new Preference(options).OfStep(model, step), model, batch, out var loss, pairs: 5);
            Gradient(new Preference(options, z), model, batch, out var expected, pairs: 5);
            loss.ShouldBe(expected);
        }

        Should.Throw<InvariantException>(() => Gradient(new Preference(options), model, step[0], out _));
        var first = Pairs(seed: 3, pairs: 2);
        var scored = new PairBatch(first.Inputs, first.Targets, first.Ends!, SequenceScores.Of(model, first))
        {
            Mismatched = Mismatched(first.Mismatched!, SequenceScores.Of(model, first.Mismatched!)),
        };
        Gradient(new Preference(options).OfStep(model, [scored]), model, scored, out var half);
        half.ShouldBe(0.5);
    }

    [Fact]
    public void Validation_by_kto_has_the_reference_point_of_all_pairs()
    {
        using var model = Build(Precision.Float32, fused: true);
        var objective = new Preference(new PreferenceOptions { Loss = PreferenceLoss.Kto, Beta = 0.01 });
        PairBatch[] split = [Pairs(seed: 1, pairs: 2), Pairs(seed: 2, pairs: 2)];
        var validation = objective.Validate(model, []);
        Array.ForEach(split, validation.Add);
        var expected = 0.0;
        foreach (var batch in split)
        {
            Gradient(objective.OfStep(model, split), model, batch, out var part, pairs: 4);
            expected += part;
        }

        validation.Result().Loss.ShouldBe(expected, 1e-12);
        validation.Result().Tokens.ShouldBe(4);
    }

    private static MismatchedBatch Mismatched(MismatchedBatch of, double[] references) => new(of.Inputs, of.Targets, of.Ends!, references);

    private static PairBatch Pairs(int seed, int pairs)
    {
        var random = new Random(seed);
        var (inputs, targets, ends) = Sequences(random, 2 * pairs);
        var references = References(2 * pairs);
        var mismatched = Sequences(random, pairs);
        return new PairBatch(inputs, targets, ends, references)
        {
            Mismatched = new MismatchedBatch(mismatched.Inputs, mismatched.Targets, mismatched.Ends, References(pairs)),
        };

        double[] References(int count) => [.. Enumerable.Range(0, count).Select(_ => -40 - 20 * random.NextDouble())];
    }

    private static (long[] Inputs, long[] Targets, long[] Ends) Sequences(Random random, int count)
    {
        List<long> inputs = [], targets = [], ends = [];
        for (var sequence = 0; sequence < count; sequence++)
        {
            var (length, prompt) = (random.Next(4, Context + 1), random.Next(0, 3));
            for (var row = 0; row < length; row++)
            {
                inputs.Add(random.Next(Vocabulary));
                targets.Add(row < prompt ? TokenBatch.NoTarget : random.Next(Vocabulary));
            }

            ends.Add(inputs.Count);
        }

        return ([.. inputs], [.. targets], [.. ends]);
    }

    private static float[] Gradient(IObjective objective, Transformer model, PairBatch batch, out double value, long? pairs = null)
    {
        var loss = 0.0;
        var gradient = ModelGradient.Of(model, () => loss = objective.Add(model, batch, pairs ?? batch.Sequences / 2).Loss);
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
