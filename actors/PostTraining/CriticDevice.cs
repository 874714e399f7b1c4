using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.PostTraining;

/// <summary>Estimates the values of rollouts' tokens with the critic that stood beside the policy which sampled them.</summary>
public sealed class CriticDevice : IWorkerDevice
{
    private readonly Queue<JudgeRollouts> orders = [];
    private readonly InstalledWeights weights;
    private readonly UnverifiedReports unverified;
    private readonly Transformer critic;
    private readonly int microBatch;

    /// <param name="model">Policy and critic.</param>
    /// <param name="microBatch">Rollouts of a pass.</param>
    public CriticDevice(ModelOptions model, Precision precision, int microBatch, IWeightSource source)
    {
        ArgumentNullException.ThrowIfNull(model);
        this.microBatch = microBatch;
        var shape = model.ShapeOfCritic();
        weights = new InstalledWeights(shape, source, ModelLayout.CriticOffset(model));
        unverified = new UnverifiedReports(weights.Verify);
        critic = new Transformer(shape, weights.Parameters, precision);
    }

    public bool HasWork => orders.Count > 0;

    public FlatParameters Parameters => weights.Parameters;

    public string? Begin(WorkerCommand order)
    {
        var judge = (JudgeRollouts)order;
        if (weights.Install(judge.Weights, HasWork) is { } refusal)
            return refusal;
        orders.Enqueue(judge);
        return null;
    }

    public IReadOnlyList<WorkerReport> Advance()
    {
        var order = orders.Dequeue();
        List<EquatableArray<float>> found = [];
        foreach (var part in order.Rollouts.Chunk(microBatch))
        {
            var values = ScalarScores.OfCompletions(critic, CompletionRows.Of(part.Select(rollout => (order.Prompt, rollout.Ids))));
            var first = 0;
            foreach (var rollout in part)
                found.Add([.. values[first..(first += rollout.Ids.Count)]]);
        }

        unverified.Add([new ValuesEstimated(default, order.Number, order.Position, order.Attempt, [.. found])]);
        return HasWork ? [] : unverified.Take();
    }

    public void GiveUp()
    {
        orders.Clear();
        unverified.Clear();
    }

    public void Dispose()
    {
        critic.Dispose();
        weights.Dispose();
    }
}
