using ActorTrain.Models.Batches;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.PostTraining.Rewards;

namespace ActorTrain.Models.Objectives;

/// <summary>Mean loss of rankings, and the share of all their pairs that the scores order rightly.</summary>
internal sealed class RewardValidation(Transformer model, RewardOptions options) : IValidation
{
    private double loss;
    private long right;
    private long pairs;
    private long rankings;

    public void Add(TokenBatch batch)
    {
        var (values, first) = (ScalarScores.OfSequences(model, batch), 0);
        foreach (var (size, margin) in RewardModeling.RankingsOf(batch))
        {
            var scores = RewardModeling.Scores(values, first, size);
            loss += options.LossOf(scores, margin, rankings: 1, new double[size]);
            right += Ranking.Ordered(scores);
            pairs += Ranking.PairsOf(size);
            rankings++;
            first += size;
        }
    }

    public ValidationLoss Result() => rankings > 0
        ? new ValidationLoss(loss / rankings, rankings, double.NaN) { Accuracy = (double)right / pairs }
        : throw new InvalidOperationException("No ranking was evaluated, so there is no mean loss.");
}
