using ActorTrain.Actors.Protocol;
using ActorTrain.Data.Rewards;
using ActorTrain.Models;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.PostTraining.Rewards;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Actors.PostTraining;

/// <summary>What rollouts are scored by: a function of their text, a reward model, or both.</summary>
/// <param name="Describe">The text of a rollout, given the position and the tokens of its prompt.</param>
public sealed record RewardSources(RewardFunction? Function, Func<long, EquatableArray<int>, Rollout, RewardInput> Describe)
{
    /// <summary>Null for none.</summary>
    public ScorerCopy? Model { get; init; }

    public double ModelWeight { get; init; } = 1;

    /// <summary>Rollouts that the reward model reads in a pass.</summary>
    public int MicroBatch { get; init; } = 8;
}

/// <summary>Scores rollouts. The work of a function is counted in steps instead of seconds.</summary>
public sealed class RewardDevice : IWorkerDevice
{
    private readonly Queue<JudgeRollouts> orders = [];
    private readonly RewardSources sources;
    private readonly FlatParameters? parameters;
    private readonly Transformer? model;
    private readonly FlatChecksum? checksum;
    private readonly RewardScorer? scorer;

    /// <exception cref="UserErrorException">The reward model cannot be read.</exception>
    public RewardDevice(RewardSources sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        this.sources = sources;
        if (sources.Model is not { } copy)
            return;
        var (facts, weights) = copy.Read(ModelLayout.Of);
        using (weights)
        {
            parameters = new FlatParameters(ModelLayout.Of(facts.Model));
            parameters.Weights.CopyFrom(weights);
            parameters.WeightsChanged();
        }

        model = new Transformer(facts.Model, parameters, Enum.Parse<Precision>(facts.Precision, ignoreCase: true));
        checksum = FlatChecksum.Of(parameters.Weights);
        scorer = new RewardScorer(model, new RewardNormalization(facts.Gain, facts.Bias));
    }

    public bool HasWork => orders.Count > 0;

    public FlatParameters? Parameters => parameters;

    public string? Begin(WorkerCommand order)
    {
        orders.Enqueue((JudgeRollouts)order);
        return null;
    }

    public IReadOnlyList<WorkerReport> Advance()
    {
        var order = orders.Dequeue();
        var ofModel = OfModel(order);
        return [new RewardsScored(default, order.Number, order.Position, order.Attempt, [.. order.Rollouts.Select((rollout, i) =>
            Sum(OfFunction(order, rollout), ofModel?[i]))])];
    }

    public void GiveUp() => orders.Clear();

    public void Dispose()
    {
        model?.Dispose();
        parameters?.Dispose();
    }

    private RewardScore? OfFunction(JudgeRollouts order, Rollout rollout) =>
        sources.Function?.Score(sources.Describe(order.Position, order.Prompt, rollout));

    private double[]? OfModel(JudgeRollouts order)
    {
        if (scorer is null)
            return null;
        double[] scores =
        [
            .. order.Rollouts.Chunk(sources.MicroBatch).SelectMany(part => scorer.Score(
                [.. part.Select(rollout => order.Prompt.Concat(rollout.Ids).Select(static id => (long)id).ToArray())])),
        ];
        checksum!.Verify(parameters!.Weights, FlatPlace.Weights);
        parameters.VerifyCopies();
        return scores;
    }

    private RolloutScore Sum(RewardScore? function, double? ofModel)
    {
        var total = function is null ? 0 : function.Total;
        if (ofModel is not { } score)
            return new RolloutScore(total, [.. function!.Parts]);
        return new RolloutScore(
            double.IsFinite(score) ? total + sources.ModelWeight * score : null, [.. function?.Parts ?? [], score]);
    }
}
