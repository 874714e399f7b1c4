using ActorTrain.Data.Shards;
using ActorTrain.Models.Batches;

namespace ActorTrain.Data.Plan;

/// <summary>The rows of some sequences, side by side without padding.</summary>
internal readonly record struct SequenceRows(long[] Inputs, long[] Targets, long[] Ends)
{
    /// <summary>The last token of a sequence is no input.</summary>
    public static SequenceRows Of(SequencePart part, IReadOnlyList<long> sequences) =>
        Of([.. sequences.Select(sequence => Read(part, sequence))]);

    /// <summary>Of tokens and whether each is a target. The last token of a sequence is no input.</summary>
    public static SequenceRows Of(IReadOnlyList<(long[] Tokens, bool[] IsTarget)> sequences)
    {
        var (ends, rows) = (new long[sequences.Count], 0);
        for (var i = 0; i < ends.Length; i++)
            ends[i] = rows += sequences[i].Tokens.Length - 1;
        var (inputs, targets) = (new long[rows], new long[rows]);
        for (var (i, start) = (0, 0); i < ends.Length; start = (int)ends[i++])
        {
            var (tokens, isTarget) = sequences[i];
            tokens.AsSpan(..^1).CopyTo(inputs.AsSpan(start));
            for (var t = 1; t < tokens.Length; t++)
                targets[start + t - 1] = isTarget[t] ? tokens[t] : TokenBatch.NoTarget;
        }

        return new SequenceRows(inputs, targets, ends);
    }

    /// <summary>The tokens of the sequences to the end of the answer, the token included that ends its turn, and the row behind the last
    /// of each.</summary>
    /// <remarks>What a template writes after an answer is not there when a model has just given it.</remarks>
    public static (long[] Inputs, long[] Ends) ToAnswers(SequencePart part, IReadOnlyList<long> sequences)
    {
        var (inputs, ends) = (new List<long>(), new long[sequences.Count]);
        for (var i = 0; i < ends.Length; i++)
        {
            var (tokens, isTarget) = Read(part, sequences[i]);
            inputs.AddRange(tokens.AsSpan(..(isTarget.LastIndexOf(true) + 1)));
            ends[i] = inputs.Count;
        }

        return ([.. inputs], ends);
    }

    /// <summary>A sequence's tokens, and whether each is a target.</summary>
    public static (long[] Tokens, bool[] IsTarget) Read(SequencePart part, long sequence)
    {
        var tokens = new long[part.LengthOf(sequence)];
        var isTarget = new bool[tokens.Length];
        part.Read(sequence, tokens, isTarget);
        return (tokens, isTarget);
    }
}
