using ActorTrain.Models.Evaluation;
using ActorTrain.Models.PostTraining.Preferences;
using ActorTrain.Models.Steps;

namespace ActorTrain.Models.Objectives;

/// <summary>Mean loss of pairs, and the share of them that the model orders rightly.</summary>
internal sealed class PreferenceValidation(Transformer model, PreferenceOptions options) : IValidation
{
    private double loss;
    private long right;
    private long pairs;

    public void Add(TokenBatch batch)
    {
        foreach (var pair in Preference.PairsOf((PairBatch)batch, SequenceScores.LossesOf(model, batch)))
        {
            loss += options.LossOf(pair, pairs: 1).Value;
            right += options.Reward(pair.Chosen) > options.Reward(pair.Rejected) ? 1 : 0;
            pairs++;
        }
    }

    public ValidationLoss Result() => pairs > 0
        ? new ValidationLoss(loss / pairs, pairs, double.NaN) { Accuracy = (double)right / pairs }
        : throw new InvalidOperationException("No pair was evaluated, so there is no mean loss.");
}
