namespace ActorTrain.Models.Batches;

/// <summary>Ranked completions, each with its prompt: the sequences of a ranking follow each other, the best first. A pair is a ranking of
/// two. Every token is an input, that which ends the answer too, since a sequence is scored there.</summary>
/// <param name="inputs">Token ids of all sequences.</param>
/// <param name="ends">The row behind the last of each sequence, ascending.</param>
/// <param name="rankings">Sequences of each ranking, at least two.</param>
/// <param name="margins">By how much the first of a pair is better, of each ranking; 0 for none.</param>
public sealed class RankedBatch(long[] inputs, long[] ends, int[] rankings, double[] margins)
    : TokenBatch(inputs, [.. inputs.Select(static _ => NoTarget)], ends)
{
    public IReadOnlyList<int> Rankings => rankings;

    public IReadOnlyList<double> Margins => margins;
}
