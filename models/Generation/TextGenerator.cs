using System.Runtime.InteropServices;
using ActorTrain.Models.Randomness;
using static TorchSharp.torch;

namespace ActorTrain.Models.Generation;

/// <param name="Text">Which of the texts.</param>
/// <param name="LogProbability">As <see cref="DrawnToken.LogProbability"/>.</param>
/// <param name="IsLast">Whether the text is complete.</param>
public readonly record struct GeneratedToken(int Text, int Id, float LogProbability, bool IsLast);

/// <summary>Continues a prompt by one or more texts, token by token, with a cache of keys and values. When the context is full, only its
/// last half is kept.</summary>
/// <remarks>A text is a function of weights, prompt, options and its number; it does not depend on how many texts there are. On the fused
/// kernels, texts share the keys and values of the prompt and are written side by side; in reference form, one after another.</remarks>
/// <param name="prompt">At least one token id.</param>
public sealed class TextGenerator(Transformer model, IReadOnlyList<int> prompt, SamplingOptions options)
{
    /// <summary>Texts that are written side by side; the others follow as these end.</summary>
    public const int MostAtOnce = 64;

    private readonly IReadOnlyList<int> prompt = prompt.Count > 0 ? prompt
        : throw new ArgumentException("The prompt has no tokens.", nameof(prompt));

    private readonly HashSet<int> ended = [];

    private readonly int context = model.Options.ContextLength;

    /// <summary>Number of texts.</summary>
    public int Texts { get; init; } = 1;

    /// <summary>Most tokens of each text.</summary>
    public required int Tokens { get; init; }

    /// <summary>Ends a text; null: none does.</summary>
    public int? EndToken { get; init; }

    /// <summary>Only smaller ids, for which the tokenizer has pieces, are drawn; null: all.</summary>
    public int? Pieces { get; init; }

    /// <summary>The tokens after the prompt of a single text.</summary>
    public static IEnumerable<int> Generate(
        Transformer model, IReadOnlyList<int> prompt, int count, SamplingOptions options, int? endToken = null, int? pieces = null) =>
        new TextGenerator(model, prompt, options) { Tokens = count, EndToken = endToken, Pieces = pieces }.Generate()
            .Select(static token => token.Id);

    /// <summary>Ends a text after the tokens that it has.</summary>
    public void End(int text) => ended.Add(text);

    /// <summary>The tokens after the prompt, as they are drawn: those of a text in order, those of different texts in any. To be enumerated
    /// once.</summary>
    public IEnumerable<GeneratedToken> Generate() => Tokens < 1 ? [] : model.IsFused ? SideBySide() : OneAfterAnother();

    private IEnumerable<GeneratedToken> SideBySide()
    {
        var atOnce = Math.Min(Texts, MostAtOnce);
        using var batch = new ContinuousBatch(model, atOnce, Math.Min(context, prompt.Count + Tokens));
        GrowingText[] texts = [.. Enumerable.Range(0, Texts).Select(NewText)];
        batch.Add(texts);
        while (true)
        {
            foreach (var number in ended)
                texts[number].End();
            if (batch.IsEmpty)
                yield break;
            foreach (var (text, drawn) in batch.Advance())
                yield return Append(text, drawn);
        }
    }

    private IEnumerable<GeneratedToken> OneAfterAnother()
    {
        for (var number = 0; number < Texts; number++)
        {
            using var cache = new KeyValueCache(model.Options);
            var text = NewText(number);
            text.Forget(Math.Max(0, prompt.Count - context));
            while (!ended.Contains(number))
            {
                if (cache.Length == context)
                {
                    cache.Clear();
                    text.KeepHalf(context);
                }

                var logits = Logits(text.Unread(), cache);
                var drawn = Sampler.Draw(logits, text.Drawing());
                text.Add(drawn.Id);
                yield return Append(text, drawn);
            }
        }
    }

    private GrowingText NewText(int number) => new(
        number, prompt, options, Pieces ?? model.Options.VocabularySize,
        token => new CounterRandom(options.Seed, token, number, RandomUse.Sampling).NextUniform());

    private GeneratedToken Append(GrowingText text, DrawnToken drawn)
    {
        var isLast = drawn.Id == EndToken || text.Written == Tokens;
        if (isLast)
            ended.Add(text.Number);
        return new GeneratedToken(text.Number, drawn.Id, drawn.LogProbability, isLast);
    }

    private float[] Logits(int[] tokens, KeyValueCache cache)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var ids = tensor(Array.ConvertAll(tokens, static id => (long)id), 1, tokens.Length, device: model.Parameters.Device);
        var logits = model.Logits(ids, cache).select(1, tokens.Length - 1).contiguous().cpu();
        return MemoryMarshal.Cast<byte, float>(logits.bytes).ToArray();
    }
}
