using ActorTrain.Models.Batches;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.PostTraining.Preferences;

namespace ActorTrain.Models.Objectives;

/// <summary>Mean loss of pairs, and the share of them that the model orders rightly.</summary>
internal sealed class PreferenceValidation(Transformer model, PreferenceOptions options) : IValidation
{
    private readonly List<PreferencePair> pairs = [];
    private readonly List<double> mismatched = [];

    public void Add(TokenBatch batch)
    {
        pairs.AddRange(Preference.PairsOf((PairBatch)batch, SequenceScores.LossesOf(model, batch)));
        if (options.NeedsMismatched)
            mismatched.AddRange(Preference.LogRatios(model, (PairBatch)batch));
    }

    public ValidationLoss Result()
    {
        if (pairs.Count == 0)
            throw new InvalidOperationException("No pair was evaluated, so there is no mean loss.");

        // KTO's reference point is that of all pairs.
        var z = options.NeedsMismatched ? Kto.ReferencePoint([.. mismatched], pairs.Count) : 0;
        var loss = pairs.Sum(pair => options.LossOf(pair, pairs: 1, z).Value);
        var right = pairs.Count(pair => options.Reward(pair.Chosen) > options.Reward(pair.Rejected));
        return new ValidationLoss(loss / pairs.Count, pairs.Count, double.NaN) { Accuracy = (double)right / pairs.Count };
    }
}
