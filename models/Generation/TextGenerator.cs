using System.Runtime.InteropServices;
using ActorTrain.Models.Options;
using ActorTrain.Models.Randomness;
using static TorchSharp.torch;

namespace ActorTrain.Models.Generation;

public sealed record SamplingOptions : IOptions
{
    [Option("Sampling temperature: lower is more deterministic, higher more random.", Above = 0)]
    public double Temperature { get; init; } = 1;

    [Option("Sample only from the N most likely tokens; 0 samples from all.")]
    public int TopK { get; init; }

    [Option("Nucleus sampling: sample only from the most likely tokens whose total probability reaches P.", Above = 0, Max = 1)]
    public double TopP { get; init; } = 1;

    /// <summary>Equal seeds give equal text.</summary>
    public ulong Seed { get; init; }

    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };
}

/// <summary>Continues a prompt, one token at a time, with a cache of keys and values.</summary>
public static class TextGenerator
{
    /// <summary>Yields tokens after <paramref name="prompt"/> until <paramref name="count"/> tokens or the end token.</summary>
    /// <param name="prompt">At least one token id. When the context is full, only its last half is kept.</param>
    /// <param name="count">At most this many tokens.</param>
    /// <param name="endToken">Stops after this id; null for never.</param>
    /// <param name="pieces">Only smaller ids, for which the tokenizer has pieces, are chosen; null for all.</param>
    public static IEnumerable<int> Generate(
        Transformer model, IReadOnlyList<int> prompt, int count, SamplingOptions options, int? endToken = null, int? pieces = null)
    {
        if (prompt.Count == 0)
            throw new ArgumentException("The prompt has no tokens.", nameof(prompt));
        return Iterate();

        IEnumerable<int> Iterate()
        {
            var context = model.Options.ContextLength;
            using var cache = new KeyValueCache(model.Options);
            var text = new List<int>(prompt);
            var fed = Math.Max(0, text.Count - context);
            for (var i = 0; i < count; i++)
            {
                if (cache.Length == context)
                {
                    cache.Clear();
                    fed = text.Count - Math.Max(1, context / 2);
                }

                var logits = NextLogits(model, text[fed..], cache);
                fed = text.Count;
                var next = Sampler.Choose(logits.AsSpan(0, pieces ?? logits.Length), options, position: i);
                text.Add(next);
                yield return next;
                if (next == endToken)
                    yield break;
            }
        }
    }

    private static float[] NextLogits(Transformer model, List<int> tokens, KeyValueCache cache)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var ids = tensor(tokens.Select(static id => (long)id).ToArray(), 1, tokens.Count, device: model.Parameters.Device);
        var logits = model.Logits(ids, cache).select(1, tokens.Count - 1).contiguous().cpu();
        return MemoryMarshal.Cast<byte, float>(logits.bytes).ToArray();
    }
}

/// <summary>Samples a token from logits in scalar arithmetic: the same on every device.</summary>
public static class Sampler
{
    /// <summary>Ties go to the lowest id.</summary>
    /// <param name="logits">One per token.</param>
    /// <param name="position">Position of the token; determines the random number together with the seed.</param>
    public static int Choose(ReadOnlySpan<float> logits, SamplingOptions options, long position)
    {
        if (options.Temperature == 0)
            return Likeliest(logits);

        var values = logits.ToArray();
        var ids = Enumerable.Range(0, values.Length).ToArray();
        Array.Sort(ids, (a, b) => values[a] != values[b] ? values[b].CompareTo(values[a]) : a.CompareTo(b));

        var considered = options.TopK > 0 ? Math.Min(options.TopK, ids.Length) : ids.Length;
        var weights = new double[considered];
        double total = 0;
        for (var i = 0; i < considered; i++)
            total += weights[i] = Math.Exp((values[ids[i]] - (double)values[ids[0]]) / options.Temperature);

        double kept = 0;
        var last = 0;
        while (last < considered && (last == 0 || kept < options.TopP * total))
            kept += weights[last++];

        var threshold = new CounterRandom(options.Seed, position, lane: 0, RandomUse.Sampling).NextUniform() * kept;
        for (var i = 0; i < last - 1; i++)
        {
            threshold -= weights[i];
            if (threshold < 0)
                return ids[i];
        }

        return ids[last - 1];
    }

    private static int Likeliest(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
                best = i;
        }

        return best;
    }
}
