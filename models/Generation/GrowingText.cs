namespace ActorTrain.Models.Generation;

/// <summary>A text in the making, prompt included.</summary>
/// <param name="number">Which of its prompt's texts.</param>
/// <param name="pieces">Only ids below it are drawn.</param>
/// <param name="uniform">The random number for a token, counted from the end of the prompt.</param>
public sealed class GrowingText(
    int number, IReadOnlyList<int> prompt, SamplingOptions options, int pieces, Func<int, double> uniform)
{
    private readonly List<int> ids = [.. prompt];

    // The tokens before it are in the cache, or forgotten.
    private int read;

    public int Number => number;

    public IReadOnlyList<int> Prompt => prompt;

    /// <summary>Of the prompt and what was written.</summary>
    public IReadOnlyList<int> Ids => ids;

    /// <summary>Tokens after the prompt.</summary>
    public int Written => ids.Count - prompt.Count;

    public bool IsEnded { get; private set; }

    internal KeyValueSlot? Slot { get; private set; }

    /// <summary>Ends it after the tokens that it has.</summary>
    public void End() => IsEnded = true;

    /// <summary>How its next token is drawn.</summary>
    internal Drawing Drawing() => new(options, uniform(Written), pieces, ids);

    internal void Add(int id) => ids.Add(id);

    /// <summary>Continues from a cache that has all of the prompt but its last token.</summary>
    internal void Begin(KeyValueSlot cached) => (Slot, read) = (cached, prompt.Count - 1);

    /// <summary>Takes the tokens that are not read yet.</summary>
    internal int[] Unread()
    {
        var unread = ids[read..].ToArray();
        read = ids.Count;
        return unread;
    }

    /// <summary>The tokens before <paramref name="index"/> are never read.</summary>
    internal void Forget(int index) => read = index;

    /// <summary>Begins anew with the last half of a context, in an empty cache.</summary>
    internal void KeepHalf(int context, KeyValueSlot? empty = null)
    {
        Release();
        (Slot, read) = (empty, ids.Count - Math.Max(1, context / 2));
    }

    internal void Release()
    {
        Slot?.Dispose();
        Slot = null;
    }
}
