using ActorTrain.Actors.Protocol;
using ActorTrain.Data.Rewards;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Actors.PostTraining;

/// <summary>Scores rollouts by a function of their text, counted in steps instead of seconds.</summary>
/// <param name="describe">The text of a rollout, given the position and the tokens of its prompt.</param>
public sealed class RewardDevice(RewardFunction function, Func<long, EquatableArray<int>, Rollout, RewardInput> describe) : IWorkerDevice
{
    private readonly Queue<JudgeRollouts> orders = [];

    public bool HasWork => orders.Count > 0;

    public string? Begin(WorkerCommand order)
    {
        orders.Enqueue((JudgeRollouts)order);
        return null;
    }

    public IReadOnlyList<WorkerReport> Advance()
    {
        var order = orders.Dequeue();
        EquatableArray<RolloutScore> scores =
        [
            .. order.Rollouts.Select(rollout => function.Score(describe(order.Position, order.Prompt, rollout)))
                .Select(static score => new RolloutScore(score.Total, [.. score.Parts])),
        ];
        return [new RewardsScored(default, order.Number, order.Position, order.Attempt, scores)];
    }

    public void GiveUp() => orders.Clear();

    public void Dispose() => GiveUp();
}
