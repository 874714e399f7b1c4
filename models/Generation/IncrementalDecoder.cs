using System.Runtime.CompilerServices;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Generation;

/// <summary>The next tokens of a text whose earlier ones are cached.</summary>
public readonly record struct TokenRun(KeyValueSlot Slot, ReadOnlyMemory<int> Tokens);

/// <summary>A model on the fused kernels that reads many texts at once, each from where it stands, with a cache of keys and
/// values.</summary>
/// <remarks>Bits of a row depend on the tokens up to it alone: not on how its text was cut into runs, nor on the texts beside it, nor on
/// threads. They are those of <see cref="Transformer.TokenLosses"/>. What is cached stays as it is when the weights change: texts then
/// begin anew in new slots.</remarks>
public sealed class IncrementalDecoder : IDisposable
{
    /// <summary>A longer run is read in several passes; so many rows keep the matrix products busy.</summary>
    public const int RowsPerPass = 512;

    private readonly Transformer model;
    private readonly KeyValueBlocks blocks;
    private readonly DecodingPass pass;
    private readonly long vocabulary;
    private Tensor? logits;

    /// <param name="model">On the fused kernels; not owned.</param>
    /// <param name="blocks">Blocks of the cache: see <see cref="KeyValueBlocks.Of"/>.</param>
    public IncrementalDecoder(Transformer model, int blocks)
    {
        if (!model.IsFused)
            throw new ArgumentException("Incremental decoding needs a model on the fused kernels.", nameof(model));
        this.model = model;
        vocabulary = model.Options.VocabularySize;
        this.blocks = new KeyValueBlocks(model.Options, model.Precision, blocks);
        pass = new DecodingPass(model.Options, model.Precision, this.blocks.Native, RowsPerPass);
    }

    /// <summary>Blocks that no text has.</summary>
    public int FreeBlocks => blocks.Free;

    /// <summary>An empty text.</summary>
    public KeyValueSlot NewSlot() => blocks.NewSlot();

    /// <summary>Reads on in some texts, without logits.</summary>
    /// <param name="runs">Of different texts, none of them empty.</param>
    public void Read(IReadOnlyList<TokenRun> runs)
    {
        foreach (var _ in Passes(runs))
        {
        }
    }

    /// <summary>Reads on in some texts.</summary>
    /// <param name="runs">Of different texts, none of them empty.</param>
    /// <returns>The logits after the last token of each, <c>[runs, V]</c>, until the next call.</returns>
    public unsafe ReadOnlySpan<float> Feed(IReadOnlyList<TokenRun> runs)
    {
        var to = Logits(runs.Count);
        var ended = 0;
        foreach (var ends in Passes(runs))
        {
            // Only these rows are wanted; there is room for them where others have been.
            var width = model.Options.Width;
            var x = new Span<float>((void*)pass.X, pass.Rows * width);
            for (var i = 0; i < ends.Count; i++)
                x.Slice(ends[i] * width, width).CopyTo(x[(i * width)..]);
            if (ends.Count > 0)
                model.Logits(pass, ends.Count, to + (nint)(ended * vocabulary * sizeof(float)));
            ended += ends.Count;
        }

        return new ReadOnlySpan<float>((void*)to, checked((int)(runs.Count * vocabulary)));
    }

    /// <summary>Reads on in some texts, whose next tokens are known.</summary>
    /// <param name="targets">The token after each, run by run; −1 is skipped.</param>
    /// <returns>The cross-entropy of each target, in nats.</returns>
    public unsafe float[] TokenLosses(IReadOnlyList<TokenRun> runs, ReadOnlySpan<long> targets)
    {
        if (runs.Sum(static run => run.Tokens.Length) is var tokens && tokens != targets.Length)
            throw new ArgumentException($"There are {targets.Length} targets for {tokens} tokens.", nameof(targets));
        foreach (var id in targets)
        {
            if (id < -1 || id >= vocabulary)
                throw new ArgumentOutOfRangeException(nameof(targets), $"Token id {id} is outside the vocabulary of {vocabulary}.");
        }

        var losses = new float[targets.Length];
        var row = 0;
        fixed (long* target = targets)
        fixed (float* loss = losses)
        {
            foreach (var _ in Passes(runs))
            {
                model.RowLosses(pass, (nint)(target + row), (nint)(loss + row));
                row += pass.Rows;
            }
        }

        return losses;
    }

    public void Dispose()
    {
        pass.Dispose();
        blocks.Dispose();
        logits?.Dispose();
    }

    // Runs the model on as many rows at a time as a pass can have; returns the rows that are the last of their run.
    private IEnumerable<IReadOnlyList<int>> Passes(IReadOnlyList<TokenRun> runs)
    {
        Check(runs);
        List<int> ends = [];
        pass.Clear();
        foreach (var (slot, tokens) in runs)
        {
            for (int from = 0, count; from < tokens.Length; from += count)
            {
                count = Math.Min(tokens.Length - from, pass.Capacity - pass.Rows);
                var position = slot.Length;
                slot.Grow(count);
                pass.Add(tokens.Span.Slice(from, count), position, slot.Blocks, slot.BlockCount);
                if (from + count == tokens.Length)
                    ends.Add(pass.Rows - 1);
                if (pass.Rows < pass.Capacity)
                    continue;
                model.Decode(pass);
                yield return ends;
                ends.Clear();
                pass.Clear();
            }
        }

        if (pass.Rows == 0)
            yield break;
        model.Decode(pass);
        yield return ends;
    }

    // Before any text grows, so that a call that is refused leaves them as they were.
    private void Check(IReadOnlyList<TokenRun> runs)
    {
        if (runs.Select(static run => run.Slot).Distinct().Count() < runs.Count)
            throw new ArgumentException("A text has two runs.", nameof(runs));
        var needed = 0;
        foreach (var (slot, tokens) in runs)
        {
            ArgumentOutOfRangeException.ThrowIfZero(tokens.Length, nameof(runs));
            needed += slot.BlocksToGrow(tokens.Length);
            foreach (var id in tokens.Span)
            {
                if ((ulong)id >= (ulong)vocabulary)
                    throw new ArgumentOutOfRangeException(nameof(runs), $"Token id {id} is outside the vocabulary of {vocabulary}.");
            }
        }

        needed += runs.Select(static run => run.Slot.Unfilled).OfType<int>().CountBy(static block => block)
            .Sum(growing => blocks.CopiesFor(growing.Key, growing.Value));
        if (needed > blocks.Free)
            throw new InvalidOperationException($"{needed} more blocks of keys and values are needed, but {blocks.Free} are free.");
    }

    private nint Logits(long rows)
    {
        if (logits is null || logits.shape[0] < rows)
        {
            logits?.Dispose();
            logits = empty(rows, vocabulary, dtype: float32).DetachFromDisposeScope();
        }

        return logits.Address();
    }
}
