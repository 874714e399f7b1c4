using ActorTrain.Data.Shards;
using ActorTrain.Models.Batches;

namespace ActorTrain.Data.Plan;

/// <summary>The rows of some sequences, side by side without padding.</summary>
internal readonly record struct SequenceRows(long[] Inputs, long[] Targets, long[] Ends)
{
    /// <summary>The last token of a sequence is no input.</summary>
    public static SequenceRows Of(SequencePart part, IReadOnlyList<long> sequences)
    {
        var (ends, rows) = (new long[sequences.Count], 0);
        for (var i = 0; i < ends.Length; i++)
            ends[i] = rows += part.LengthOf(sequences[i]) - 1;
        var (inputs, targets) = (new long[rows], new long[rows]);
        for (var (i, start) = (0, 0); i < ends.Length; start = (int)ends[i++])
        {
            var tokens = new long[(int)ends[i] - start + 1];
            var isTarget = new bool[tokens.Length];
            part.Read(sequences[i], tokens, isTarget);
            tokens.AsSpan(..^1).CopyTo(inputs.AsSpan(start));
            for (var t = 1; t < tokens.Length; t++)
                targets[start + t - 1] = isTarget[t] ? tokens[t] : TokenBatch.NoTarget;
        }

        return new SequenceRows(inputs, targets, ends);
    }

    /// <summary>Every token of the sequences, and the row behind the last of each.</summary>
    public static (long[] Inputs, long[] Ends) Whole(SequencePart part, IReadOnlyList<long> sequences)
    {
        var (inputs, ends) = (new List<long>(), new long[sequences.Count]);
        for (var i = 0; i < ends.Length; i++)
        {
            var tokens = new long[part.LengthOf(sequences[i])];
            part.Read(sequences[i], tokens, new bool[tokens.Length]);
            inputs.AddRange(tokens);
            ends[i] = inputs.Count;
        }

        return ([.. inputs], ends);
    }
}
