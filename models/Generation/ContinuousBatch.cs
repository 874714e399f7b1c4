namespace ActorTrain.Models.Generation;

/// <summary>Writes texts side by side on the fused kernels: as one ends, the next takes its place (Yu et al. 2022, "Orca"). Texts of one
/// prompt share its keys and values. When the context is full, only its last half is kept.</summary>
/// <remarks>A text is a function of the weights and of itself, not of the texts beside it or of its turn.</remarks>
public sealed class ContinuousBatch : IDisposable
{
    private readonly IncrementalDecoder decoder;
    private readonly int context;
    private readonly int slots;
    private readonly Queue<GrowingText> waiting = [];
    private readonly List<GrowingText> writing = [];
    private (IReadOnlyList<int> Tokens, KeyValueSlot Slot)? prompt;

    /// <param name="model">On the fused kernels; not owned.</param>
    /// <param name="slots">Texts that are written at a time.</param>
    /// <param name="longest">Most tokens of a text, prompt included; if it is longer, the context.</param>
    public ContinuousBatch(Transformer model, int slots, int longest)
    {
        context = model.Options.ContextLength;
        this.slots = slots;

        // Those of each text and of a prompt; and before texts of one beginning have grown, a copy of its last block for each.
        decoder = new IncrementalDecoder(model, ((slots + 1) * KeyValueBlocks.Of(Math.Min(context, longest))) + slots);
    }

    /// <summary>Whether all texts have ended.</summary>
    public bool IsEmpty => waiting.All(static text => text.IsEnded) && writing.TrueForAll(static text => text.IsEnded);

    /// <summary>Texts to be written, in this order. Those of one prompt follow one another and have the same list of its tokens.</summary>
    public void Add(IEnumerable<GrowingText> texts)
    {
        foreach (var text in texts)
            waiting.Enqueue(text);
    }

    /// <summary>Draws the next token of each text that has a place.</summary>
    public IReadOnlyList<(GrowingText Text, DrawnToken Drawn)> Advance()
    {
        foreach (var text in writing.Where(static text => text.IsEnded))
            text.Release();
        writing.RemoveAll(static text => text.IsEnded);
        while (writing.Count < slots && waiting.TryDequeue(out var next))
        {
            if (next.IsEnded)
                continue;
            next.Begin(SlotOf(next.Prompt).Fork());
            writing.Add(next);
        }

        if (writing.Count == 0)
            return [];
        foreach (var full in writing.Where(text => text.Slot!.Length == context))
        {
            full.Release();
            full.KeepHalf(context, decoder.NewSlot());
        }

        var logits = decoder.Feed([.. writing.Select(static text => new TokenRun(text.Slot!, text.Unread()))]);
        var drawn = FusedSampler.Draw(logits, [.. writing.Select(static text => text.Drawing())]);
        foreach (var (text, token) in writing.Zip(drawn))
            text.Add(token.Id);
        return [.. writing.Zip(drawn)];
    }

    /// <summary>Forgets all texts.</summary>
    public void Clear()
    {
        waiting.Clear();
        foreach (var text in writing)
            text.Release();
        writing.Clear();
        prompt?.Slot.Dispose();
        prompt = null;
    }

    public void Dispose()
    {
        Clear();
        decoder.Dispose();
    }

    // Each text reads the last token of the prompt for itself, and so has logits to begin with.
    private KeyValueSlot SlotOf(IReadOnlyList<int> tokens)
    {
        if (prompt is { } read && ReferenceEquals(read.Tokens, tokens))
            return read.Slot;
        prompt?.Slot.Dispose();
        var slot = decoder.NewSlot();
        prompt = (tokens, slot);
        var common = tokens.Skip(tokens.Count - context).SkipLast(1).ToArray();
        if (common.Length > 0)
            decoder.Read([new TokenRun(slot, common)]);
        return slot;
    }
}
