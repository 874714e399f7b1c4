using ActorTrain.Models.Batches;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Layers;
using ActorTrain.Models.PostTraining.Rewards;
using static TorchSharp.torch;

namespace ActorTrain.Models.Objectives;

/// <summary>Learns to score completions as they were ranked.</summary>
public sealed class RewardModeling(RewardOptions options) : IObjective
{
    public bool TakesLanesAtOnce => false;

    public LossPart Add(Transformer model, TokenBatch batch, long count)
    {
        using var scope = NewDisposeScope();
        var (inputs, _) = batch.ToTensors(model.Parameters.Device);
        var scores = model.Scores(inputs, ScalarScores.LastRows(batch), batch.TextRows());
        var values = ScalarScores.ValuesOf(scores.detach());
        var slopes = new double[values.Length];
        var (loss, first) = (0.0, 0);
        foreach (var (size, margin) in RankingsOf(batch))
        {
            loss += options.LossOf(Scores(values, first, size), margin, count, slopes.AsSpan(first, size));
            first += size;
        }

        scores.backward([tensor([.. slopes.Select(static slope => (float)slope)], device: scores.device)]);
        return loss;
    }

    public IValidation Validate(Transformer model, IReadOnlyList<int> byteCounts) => new RewardValidation(model, options);

    internal static IEnumerable<(int Size, double Margin)> RankingsOf(TokenBatch batch) =>
        ((RankedBatch)batch).Rankings.Zip(((RankedBatch)batch).Margins);

    internal static double[] Scores(float[] values, int first, int size) =>
        [.. values.AsSpan(first, size).ToArray().Select(static value => (double)value)];
}
