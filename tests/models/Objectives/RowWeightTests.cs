using ActorTrain.Models.Batches;
using ActorTrain.Models.Layers;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Tests.PostTraining;
using ActorTrain.Models.Tests.Rollouts;
using static ActorTrain.Models.Tests.Rollouts.RolloutModels;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Objectives;

/// <summary>The gradient of any loss of log-probabilities goes through one coefficient per row: here that of every policy loss, through a
/// model whose weights are not those of the sampler, against finite differences.</summary>
public sealed class RowWeightTests : IDisposable
{
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    // Those with constants in their gradient have another than that of their value: they are held against autograd.
    public static TheoryData<PolicyOptions> Losses() =>
    [
        .. Enum.GetValues<LossAggregation>().Select(static aggregation =>
            new PolicyOptions { Aggregation = aggregation, AggregationLength = 9 }),
        .. Enum.GetValues<AgeCorrection>().Where(static correction => correction != AgeCorrection.None).Select(static correction =>
            new PolicyOptions { AgeCorrection = correction, AgeLow = 0.5, AgeHigh = 1.5 }),
        new PolicyOptions { DualClip = 1.5 },
        new PolicyOptions { Ratio = RatioLevel.SequenceMean, Aggregation = LossAggregation.SequenceMeanOfTokenMean },
        new PolicyOptions { Ratio = RatioLevel.SequenceSum, Aggregation = LossAggregation.SequenceMeanOfTokenMean },
        new PolicyOptions { Objective = PolicyObjective.Reinforce },
        new PolicyOptions { KlCoefficient = 0.3, KlEstimator = KlEstimator.K2 },
        new PolicyOptions { KlCoefficient = 0.3, KlEstimator = KlEstimator.K3 },
    ];

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Losses))]
    public void The_gradient_is_that_of_finite_differences(PolicyOptions options)
    {
        using var model = Policy(ModelFamily.Llama);
        var random = new Random(5);
        var asked = Prompts(11, 5);
        var sampled = Sample(model, asked, new RolloutOptions { Samples = 3, MaxTokens = 12, Temperature = 0.7 });
        var rows = CompletionRows.Of(sampled.Select(one => (asked[one.Position], one.Rollout.Ids)));

        // Nowhere near the corner of a clip: within it, or far outside.
        double[][] logs = [.. sampled.Select(static one => one.Rollout.LogProbabilities.Select(static l => (double)l).ToArray())];
        var batch = new PolicyBatch
        {
            Logs = logs,
            Proximal = Moved(static random => random.Next(3) switch { 0 => 0.5, 1 => -0.5, _ => 0.05 }),
            Behaviour = Moved(static random => random.NextDouble() - 0.5),
            Reference = Moved(static random => random.NextDouble() - 0.5),
            Advantages = [.. logs.Select(row => (2 * random.NextDouble()) - 1).Zip(logs, static (a, row) => row.Select(_ => a).ToArray())],
            Masks = [.. logs.Select(row => row.Select((_, t) => t % 5 != 3).ToArray())],
        };
        var (inputs, targets) = rows.ToTensors(model.Parameters.Device);
        var live = CompletionRows.RowsOf(rows);
        var value = 0.0;
        var gradient = ModelGradient.Of(model, () => Loss().backward());
        var norm = Math.Sqrt(gradient.Sum(static one => (double)one * one));
        norm.ShouldBeGreaterThan(1e-3);

        var weights = model.Parameters.Weights.clone();
        var direction = model.Parameters.Gradients.clone();
        const double h = 3e-4;
        ((8 * (At(h) - At(-h)) - (At(2 * h) - At(-2 * h))) / (12 * h)).ShouldBe(norm, 0.01 * norm);

        double At(double distance)
        {
            using (no_grad())
                model.Parameters.Weights.copy_(weights + direction * (distance / norm));
            model.Parameters.WeightsChanged();
            Loss();
            return value;
        }

        Tensor Loss() => model.WeightedLoss(
            inputs, targets, rows.TextRows(),
            (losses, _) =>
            {
                var (loss, slopes, _) = batch.With([.. live.Select(row => -(double)losses[row])]).Loss(options);
                value = loss.Value;
                var coefficients = new float[losses.Length];
                foreach (var (row, slope) in live.Zip(slopes.SelectMany(static row => row)))
                    coefficients[row] = (float)-slope;
                return coefficients;
            },
            new HeadForm { Temperature = 0.7f });

        double[][] Moved(Func<Random, double> by) => [.. logs.Select(row => row.Select(l => l + by(random)).ToArray())];
    }
}
