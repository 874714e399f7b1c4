namespace ActorTrain.Models.Steps;

/// <summary>Texts one after the other, row by row: each row has an input and the target behind it.</summary>
public class TokenBatch
{
    /// <summary>In <see cref="Targets"/>, of a row from which nothing is learned.</summary>
    public const long NoTarget = -1;

    /// <summary>Sequences of context + 1 tokens: each token but the last is an input, each but the first a target.</summary>
    public TokenBatch(long[] tokens, int sequences, int context)
    {
        if (tokens.Length != (long)sequences * (context + 1))
            throw new ArgumentException($"{tokens.Length} tokens are not {sequences} sequences of {context} + 1.", nameof(tokens));
        (Sequences, Longest) = (sequences, context);
        (Inputs, Targets) = (new long[sequences * context], new long[sequences * context]);
        for (var i = 0; i < sequences; i++)
        {
            tokens.AsSpan(i * (context + 1), context).CopyTo(Inputs.AsSpan(i * context));
            tokens.AsSpan((i * (context + 1)) + 1, context).CopyTo(Targets.AsSpan(i * context));
        }
    }

    /// <summary>Texts of any lengths.</summary>
    /// <param name="targets">As many as inputs.</param>
    /// <param name="ends">The row behind the last of each text, ascending.</param>
    public TokenBatch(long[] inputs, long[] targets, long[] ends)
    {
        if (targets.Length != inputs.Length || ends is not [.., var last] || last != inputs.Length)
            throw new ArgumentException(
                $"{inputs.Length} inputs and {targets.Length} targets do not end with the last text.", nameof(ends));
        (Inputs, Targets, Ends, Sequences) = (inputs, targets, ends, ends.Length);
        Longest = (int)ends.Zip(ends.Prepend(0), static (end, start) => end - start).Max();
    }

    public long[] Inputs { get; private set; }

    public long[] Targets { get; private set; }

    /// <summary>Null if all sequences are equally long.</summary>
    public long[]? Ends { get; }

    public int Sequences { get; }

    /// <summary>Rows of the longest sequence.</summary>
    public int Longest { get; }

    /// <summary>Rows with a target.</summary>
    public long TargetCount => Targets.LongCount(static target => target != NoTarget);

    /// <summary>The sequences of all, in order.</summary>
    /// <exception cref="InvariantException">Their lengths differ.</exception>
    public static TokenBatch Concat(IReadOnlyList<TokenBatch> batches) =>
        batches.All(batch => batch.Ends is null && batch.Longest == batches[0].Longest)
            ? new(batches)
            : throw new InvariantException("Batches of different lengths cannot become one.");

    /// <summary>The first row of a sequence, and the one behind its last.</summary>
    public (int Start, int End) RowsOf(int sequence) => Ends is null
        ? (sequence * Longest, (sequence + 1) * Longest)
        : (sequence == 0 ? 0 : (int)Ends[sequence - 1], (int)Ends[sequence]);

    /// <summary>A batch whose rows may be changed.</summary>
    public TokenBatch Copy()
    {
        var copy = (TokenBatch)MemberwiseClone();
        (copy.Inputs, copy.Targets) = ([.. Inputs], [.. Targets]);
        return copy;
    }

    private TokenBatch(IReadOnlyList<TokenBatch> equal)
    {
        Inputs = [.. equal.SelectMany(static batch => batch.Inputs)];
        Targets = [.. equal.SelectMany(static batch => batch.Targets)];
        (Sequences, Longest) = (equal.Sum(static batch => batch.Sequences), equal[0].Longest);
    }
}
