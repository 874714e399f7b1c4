using ActorTrain.Models.Objectives;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Tests.Rollouts;
using static ActorTrain.Models.Tests.Rollouts.RolloutModels;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Objectives;

/// <summary>The gradient of a policy's loss through a model.</summary>
public sealed class RolloutPolicyTests : IDisposable
{
    private static readonly SortedDictionary<long, EquatableArray<int>> Asked = Prompts(11, 5);

    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(0.7, 0, 0)]
    [InlineData(1, 0.02, 0)]
    [InlineData(0.7, 0.05, 0.3)]
    [InlineData(1.5, 0, 0.3)]
    public void The_gradient_is_that_of_the_reference_form_and_of_finite_differences(double temperature, double entropy, double kl)
    {
        // On the way, log-probabilities are not the sampler's.
        var options = new PolicyOptions
        {
            Objective = PolicyObjective.Reinforce,
            EntropyCoefficient = entropy,
            KlCoefficient = kl,
            KlEstimator = KlEstimator.K2,
        };
        var objective = new RolloutPolicy(options, temperature);
        using var model = Policy(ModelFamily.Llama);
        using var reference = Policy(ModelFamily.Llama, isFused: false);
        var batch = Learn(model, temperature, kl > 0, isOnPolicy: false).Batches(Asked.Keys, 1000).Single();
        var gradient = Gradient(objective, model, [batch], out var value);
        ModelGradient.Distance(gradient, Gradient(objective, reference, [batch], out var expected)).ShouldBeLessThan(2e-4);
        value.ShouldBe(expected, 1e-4 * Math.Abs(expected));

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
            Gradient(objective, model, [batch], out var there);
            return there;
        }
    }

    // TRL#454, TRL#744, TRL#2042: a ratio that is not 1 in the first pass; A3.
    [Theory]
    [InlineData(ModelFamily.Gpt2, Precision.Float32, 1)]
    [InlineData(ModelFamily.Gpt2, Precision.BFloat16, 0.7)]
    [InlineData(ModelFamily.Llama, Precision.Float32, 0.7)]
    [InlineData(ModelFamily.Llama, Precision.BFloat16, 1)]
    [InlineData(ModelFamily.Llama, Precision.BFloat16, 1.1)]
    public void With_the_weights_that_sampled_every_ratio_is_1_and_clipping_changes_no_bit(
        ModelFamily family, Precision precision, double temperature)
    {
        using var model = Policy(family, precision);
        var experience = Learn(model, temperature, hasReference: false, isOnPolicy: true);
        foreach (var microBatch in new[] { 1, 4, 1000 })
        {
            var batches = experience.Batches(Asked.Keys, microBatch).ToList();
            var corrected = new RolloutPolicy(new PolicyOptions { AgeCorrection = AgeCorrection.TokenTruncate }, temperature);
            var plain = Gradient(
                new RolloutPolicy(new PolicyOptions { Objective = PolicyObjective.Reinforce }, temperature), model, batches, out _);
            var clipped = Gradient(corrected, model, batches, out _);
            clipped.ShouldBe(plain);
        }
    }

    [Fact]
    public void A_log_probability_that_differs_in_one_bit_from_the_samplers_stops_training()
    {
        using var model = Policy(ModelFamily.Llama);
        var groups = Groups(model, temperature: 1, hasReference: false);
        for (var seed = 0; seed < 6; seed++)
        {
            var random = new Random(seed);
            var (g, s) = (random.Next(groups.Count), random.Next(groups[0].Samples.Count));
            var scored = groups[g].Samples[s];
            var logs = scored.Rollout.LogProbabilities.ToArray();
            var token = random.Next(logs.Length);
            logs[token] = seed % 2 == 0 ? MathF.BitIncrement(logs[token]) : MathF.BitDecrement(logs[token]);
            ScoredRollout[] samples = [.. groups[g].Samples];
            samples[s] = scored with { Rollout = scored.Rollout with { LogProbabilities = [.. logs] } };
            List<RolloutGroup> altered = [.. groups];
            altered[g] = groups[g] with { Samples = [.. samples] };
            var objective = new RolloutPolicy(new PolicyOptions(), 1);
            Should.Throw<InvariantException>(() => Gradient(objective, model, Batches(altered, isOnPolicy: true), out _), $"seed {seed}")
                .Message.ShouldContain($"{(double)logs[token]:R}");
            Gradient(objective, model, Batches(altered, isOnPolicy: false), out _);
        }

        List<RolloutBatch> Batches(IReadOnlyList<RolloutGroup> altered, bool isOnPolicy) =>
            [.. new Experience(altered, new AdvantageOptions(), 14, isOnPolicy).Batches(Asked.Keys, 4)];
    }

    // transformers#34191, transformers#35203, TRL#2175, TRL#3231, prime-rl#583: means of micro-batches; A4, A5.
    [Theory]
    [InlineData(LossAggregation.TokenMean)]
    [InlineData(LossAggregation.SequenceMeanOfTokenMean)]
    [InlineData(LossAggregation.SequenceMeanOfTokenSum)]
    [InlineData(LossAggregation.SequenceMeanOfTokenSumOverLength)]
    public void In_several_batches_a_step_has_the_loss_and_the_gradient_of_one(LossAggregation aggregation)
    {
        using var model = Policy(ModelFamily.Gpt2);
        var objective = new RolloutPolicy(
            new PolicyOptions { Aggregation = aggregation, EntropyCoefficient = 0.01, KlCoefficient = 0.1 }, temperature: 0.7);
        var experience = Learn(model, 0.7, hasReference: true, isOnPolicy: true);
        var whole = Gradient(objective, model, [.. experience.Batches(Asked.Keys, 1000)], out var loss);
        Gradient(objective, model, [.. experience.Batches(Asked.Keys, 1000)], out var again).ShouldBe(whole);
        again.ShouldBe(loss);
        foreach (var microBatch in new[] { 1, 3, 7 })
        {
            var parts = Gradient(objective, model, [.. experience.Batches(Asked.Keys, microBatch)], out var sum);
            sum.ShouldBe(loss, 1e-9 * Math.Abs(loss));
            ModelGradient.Distance(parts, whole).ShouldBeLessThan(1e-5);
        }
    }

    [Fact]
    public void Rollouts_that_teach_nothing_have_no_gradient()
    {
        using var model = Policy(ModelFamily.Llama);
        var groups = Groups(model, 1, hasReference: false).ConvertAll(static group => group with
        {
            Samples = [.. group.Samples.Select(static one => one with { Score = new RolloutScore(null, []) })],
        });
        foreach (var estimator in Enum.GetValues<AdvantageEstimator>())
        {
            var experience = new Experience(groups, new AdvantageOptions { Estimator = estimator }, 14, isOnPolicy: true);
            List<RolloutBatch> batches = [.. experience.Batches(Asked.Keys, 8)];
            Gradient(new RolloutPolicy(new PolicyOptions(), 1), model, batches, out var value).ShouldAllBe(static one => one == 0);
            value.ShouldBe(0);
        }
    }

    private static Experience Learn(Transformer model, double temperature, bool hasReference, bool isOnPolicy) => new(
        Groups(model, temperature, hasReference), new AdvantageOptions { Estimator = AdvantageEstimator.DrGrpo }, 14, isOnPolicy);

    private static List<RolloutGroup> Groups(Transformer model, double temperature, bool hasReference) => Scored(
        Asked, Sample(model, Asked, new RolloutOptions { Samples = 4, MaxTokens = 14, Temperature = temperature }), seed: 3,
        hasReference ? static (rollout, at) => [.. rollout.LogProbabilities.Select(value => value - 0.5f + (float)at)] : null);

    // Of all batches; their losses add up.
    private static float[] Gradient(RolloutPolicy objective, Transformer model, IReadOnlyList<RolloutBatch> batches, out double value)
    {
        var loss = 0.0;
        var gradient = ModelGradient.Of(model, () => loss = batches.Sum(batch => objective.Add(model, batch, batch.Step.Tokens).Loss));
        value = loss;
        return gradient;
    }
}
