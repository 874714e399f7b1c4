using ActorTrain.Actors.Protocol;
using ActorTrain.Data.Rewards;
using ActorTrain.Models;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.PostTraining.Rewards;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.PostTraining;

/// <summary>Scores rollouts. The work of a function is counted in steps instead of seconds; a judge is asked about several prompts at a
/// time, and waited for in short pieces.</summary>
public sealed class RewardDevice : IWorkerDevice
{
    // Short enough for heartbeats at any setting, long enough to cost nothing.
    private static readonly TimeSpan Piece = TimeSpan.FromMilliseconds(20);

    private readonly Queue<JudgeRollouts> orders = [];
    private readonly List<Question> asked = [];
    private readonly RewardSources sources;
    private readonly FlatParameters? parameters;
    private readonly Transformer? model;
    private readonly FlatChecksum? checksum;
    private readonly RewardScorer? scorer;
    private CancellationTokenSource cancellation = new();
    private string? delay;
    private long number;

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

    public bool HasWork => orders.Count > 0 || asked.Count > 0;

    public FlatParameters? Parameters => parameters;

    public string? Begin(WorkerCommand order)
    {
        orders.Enqueue((JudgeRollouts)order);
        return null;
    }

    public IReadOnlyList<WorkerReport> Advance()
    {
        if (!orders.TryDequeue(out var order))
            return Await();
        number = order.Number;
        List<RewardScore?> ofFunction = [.. order.Rollouts.Select(rollout => OfFunction(order, rollout))];
        var ofModel = OfModel(order);
        if (sources.Judge is not { } judge)
            return [Scored(order, ofFunction, ofModel, ofJudge: null)];
        var question = sources.QuestionOf(order.Position, order.Prompt, order.Rollouts);
        asked.Add(new Question(order, ofFunction, ofModel, judge.Ask(question, cancellation.Token)));
        return [];
    }

    public void GiveUp()
    {
        orders.Clear();
        Abandon();
    }

    public void Dispose()
    {
        Abandon();
        model?.Dispose();
        parameters?.Dispose();
    }

    // An answer that comes nevertheless is kept, for whoever asks next.
    private void Abandon()
    {
        asked.Clear();
        cancellation.Cancel();
        cancellation.Dispose();
        cancellation = new CancellationTokenSource();
    }

    private List<WorkerReport> Await()
    {
        Task.WaitAny([.. asked.Select(static question => (Task)question.Answer)], Piece);
        List<WorkerReport> reports = [];
        foreach (var question in asked.Where(static question => question.Answer.IsCompleted).ToList())
        {
            asked.Remove(question);
            reports.Add(Answered(question));
        }

        var now = sources.Judge!.Delay;
        if ((now is null) != (delay is null))
            reports.Add(new ScoringDelayed(default, number, delay = now));
        return reports;
    }

    private WorkerReport Answered(Question question)
    {
        var order = question.Order;
        try
        {
            return Scored(order, question.OfFunction, question.OfModel, question.Answer.GetAwaiter().GetResult());
        }
        catch (UserErrorException exception)
        {
            return new ScoringFailed(default, order.Number, order.Position, order.Attempt, exception.Message);
        }
    }

    private RewardsScored Scored(
        JudgeRollouts order, IReadOnlyList<RewardScore?> ofFunction, double[]? ofModel, EquatableArray<double?>? ofJudge) =>
        new(default, order.Number, order.Position, order.Attempt,
            [.. order.Rollouts.Select((_, i) => sources.Sum(ofFunction[i], ofModel?[i], ofJudge?[i]))]);

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

    /// <summary>A prompt whose rollouts the judge is asked about.</summary>
    private sealed record Question(
        JudgeRollouts Order, IReadOnlyList<RewardScore?> OfFunction, double[]? OfModel, Task<EquatableArray<double?>> Answer);
}
