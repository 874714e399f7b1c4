using ActorTrain.Models.Generation;
using ActorTrain.Models.Randomness;

namespace ActorTrain.Models.Rollouts;

/// <param name="Position">Of the prompt in the stream of prompts.</param>
/// <param name="Sample">Of the prompt, from 0.</param>
public readonly record struct GeneratedRollout(long Position, int Sample, Rollout Rollout);

/// <summary>Samples completions of many prompts on the fused kernels.</summary>
/// <remarks>A rollout is a function of the weights, its prompt, the options, the seed, its position and its sample: the random number of
/// a token is that of (seed, position, sample, token). Who samples it, beside what, and in which order, changes no bit.</remarks>
/// <param name="model">On the fused kernels; not owned.</param>
/// <param name="endToken">Ends a completion.</param>
/// <param name="pieces">Only smaller ids are drawn: those that the tokenizer has pieces for.</param>
public sealed class RolloutGenerator(Transformer model, RolloutOptions options, ulong seed, int endToken, int pieces) : IDisposable
{
    private readonly ContinuousBatch batch = new(model, options.Slots, model.Options.ContextLength);
    private readonly Dictionary<GrowingText, (long Position, List<float> LogProbabilities)> growing = [];

    /// <summary>Whether all rollouts are done.</summary>
    public bool IsEmpty => growing.Count == 0;

    /// <summary>Some samples of a prompt.</summary>
    /// <param name="prompt">Shorter than the model's context.</param>
    /// <param name="samples">Their numbers.</param>
    /// <exception cref="ArgumentException">The prompt leaves no room for a token.</exception>
    public void Add(long position, IReadOnlyList<int> prompt, IEnumerable<int> samples)
    {
        if (prompt.Count == 0 || prompt.Count >= model.Options.ContextLength)
            throw new ArgumentException($"A prompt of {prompt.Count} tokens leaves none of {model.Options.ContextLength}.", nameof(prompt));

        // Weights may have changed since: nothing that was cached of others is read (NeMo-RL#4018).
        if (IsEmpty)
            batch.Clear();
        var sampling = options.Sampling();
        GrowingText[] texts =
        [
            .. samples.Select(sample => new GrowingText(
                sample, prompt, sampling, pieces, token => new CounterRandom(seed, position, sample, RandomUse.Rollout).UniformAt(token))),
        ];
        foreach (var text in texts)
            growing.Add(text, (position, []));
        batch.Add(texts);
    }

    /// <summary>Draws the next token of those rollouts that have a slot.</summary>
    /// <returns>The rollouts that this completes.</returns>
    public IReadOnlyList<GeneratedRollout> Advance()
    {
        List<GeneratedRollout> done = [];
        foreach (var (text, drawn) in batch.Advance())
        {
            var (position, logProbabilities) = growing[text];
            logProbabilities.Add(drawn.LogProbability);
            var hasEnded = drawn.Id == endToken;
            if (!hasEnded && text.Written < options.MaxTokens && text.Ids.Count < model.Options.ContextLength)
                continue;
            text.End();
            growing.Remove(text);
            done.Add(new GeneratedRollout(
                position, text.Number, new Rollout([.. text.Ids.Skip(text.Prompt.Count)], [.. logProbabilities], hasEnded)));
        }

        return done;
    }

    /// <summary>Gives up all rollouts that are not done.</summary>
    public void Clear()
    {
        growing.Clear();
        batch.Clear();
    }

    public void Dispose() => batch.Dispose();
}
