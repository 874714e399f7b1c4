using ActorTrain.Models.Batches;

namespace ActorTrain.Models.Rollouts;

/// <summary>Prompts and completions side by side without padding; the completions' tokens are the targets. The last token of each is no
/// input, and the first token of a completion is predicted at the last of its prompt.</summary>
public static class CompletionRows
{
    /// <param name="sequences">Each with a prompt and a completion of at least one token.</param>
    public static TokenBatch Of(IEnumerable<(EquatableArray<int> Prompt, EquatableArray<int> Completion)> sequences)
    {
        List<long> inputs = [], targets = [], ends = [];
        foreach (var (prompt, completion) in sequences)
        {
            inputs.AddRange(prompt.Concat(completion.SkipLast(1)).Select(static id => (long)id));
            targets.AddRange(Enumerable.Repeat(TokenBatch.NoTarget, prompt.Count - 1));
            targets.AddRange(completion.Select(static id => (long)id));
            ends.Add(inputs.Count);
        }

        return new TokenBatch([.. inputs], [.. targets], [.. ends]);
    }

    /// <summary>The rows that predict a token of a completion, in order.</summary>
    public static long[] RowsOf(TokenBatch batch) =>
        [.. batch.Targets.Index().Where(static row => row.Item != TokenBatch.NoTarget).Select(static row => (long)row.Index)];
}
