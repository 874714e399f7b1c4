using ActorTrain.Models.Options;

namespace ActorTrain.Models.Generation;

/// <summary>How tokens are drawn from logits. Applied in this order: repetition penalty, temperature, min-p, top-k, top-p; each of the last
/// three restricts what the one before left.</summary>
public sealed record SamplingOptions : IOptions
{
    /// <summary>0 is greedy: the most likely token, of equally likely ones that with the lowest id.</summary>
    [Option("Sampling temperature: lower is more deterministic, higher more random; 0 takes the most likely token.",
        Min = 0.001, Max = 1000, OrZero = true)]
    public double Temperature { get; init; } = 1;

    [Option("Sample only from the N most likely tokens; 0 samples from all.")]
    public int TopK { get; init; }

    [Option("Nucleus sampling: sample only from the most likely tokens whose total probability reaches P.", Above = 0, Max = 1)]
    public double TopP { get; init; } = 1;

    [Option("Sample only tokens at least P times as likely as the most likely one; 0 samples from all.", Max = 1)]
    public double MinP { get; init; }

    [Option("Divide positive logits of tokens that the text already has by X and multiply negative ones; 1: no penalty.",
        Min = 0.001, Max = 1000)]
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Equal seeds give equal text.</summary>
    public ulong Seed { get; init; }

    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };
}

/// <summary>The drawing of one token.</summary>
/// <param name="Uniform">In [0, 1): which token, by the inverse of the cumulative distribution in the order of ids.</param>
/// <param name="Pieces">Only ids below it are drawn, those for which the tokenizer has pieces.</param>
/// <param name="Seen">The text, for the repetition penalty.</param>
public readonly record struct Drawing(SamplingOptions Options, double Uniform, int Pieces, IReadOnlyList<int> Seen);

/// <param name="LogProbability">Of the model at the temperature (at 1 if greedy), over the whole vocabulary and without penalty.</param>
/// <param name="DrawnLogProbability">Of the distribution that the token was drawn from.</param>
public readonly record struct DrawnToken(int Id, float LogProbability, float DrawnLogProbability);
