using ActorTrain.Models.Batches;

namespace ActorTrain.Bench.Spikes;

/// <summary>A disturbance of a run at some step.</summary>
/// <param name="Recorded">Steps recorded from there on.</param>
internal sealed record Disturbance(string Cause, CauseKind Kind, int Recorded)
{
    private const int AfterSharp = 16;
    private const int AfterHarmless = 24;

    /// <summary>Factor of the learning rate for one update.</summary>
    private const double Shock = 100;

    /// <summary>Growth factor of the learning rate per update.</summary>
    private const double Creep = 1.05;

    private const double FastCreep = 1.1;

    public static IReadOnlyList<Disturbance> All { get; } =
    [
        new("random_tokens", CauseKind.Sharp, AfterSharp),
        new("repeated_token", CauseKind.Sharp, AfterSharp),
        new("shuffled_labels", CauseKind.Sharp, AfterSharp),
        new("rate_shock", CauseKind.Sharp, AfterSharp),
        new("flipped_weight", CauseKind.Sharp, AfterSharp),
        new("flipped_gradient", CauseKind.Sharp, AfterSharp),
        new("rate_creep", CauseKind.Slow, 150),
        new("rate_creep_fast", CauseKind.Slow, 90),
        new("hard_names", CauseKind.Harmless, AfterHarmless),
        new("hard_latin", CauseKind.Harmless, AfterHarmless),
        new("hard_licence", CauseKind.Harmless, AfterHarmless),
        new("hard_word_order", CauseKind.Harmless, AfterHarmless),
    ];

    /// <summary>The factor of the learning rate of the k-th update from there on.</summary>
    public double RateFactor(int k) => Cause switch
    {
        "rate_shock" when k == 0 => Shock,
        "rate_creep" => Math.Pow(Creep, k),
        "rate_creep_fast" => Math.Pow(FastCreep, k),
        _ => 1,
    };

    /// <summary>The step's batch: the planned one, or its replacement.</summary>
    /// <param name="planned">The planned sequences, each of context + 1 bytes.</param>
    public IReadOnlyList<long[]> Batch(IReadOnlyList<long[]> planned, TraceText text, Random random)
    {
        var length = planned[0].Length;
        return Cause switch
        {
            "random_tokens" =>
                [.. planned.Select(_ => Enumerable.Range(0, length).Select(_ => (long)random.Next(TraceText.Vocabulary)).ToArray())],
            "repeated_token" => Repeated(planned, random),
            "hard_names" => Replaced(planned, 1, () => TraceText.Window(text.Names, length, random)),
            "hard_latin" => Replaced(planned, 0.25, () => TraceText.Window(text.Latin, length, random)),
            "hard_licence" => Replaced(planned, 0.5, () => TraceText.Window(text.Licence, length, random)),
            "hard_word_order" =>
                [.. planned.Select((sequence, i) => i % 2 == 0 ? TraceText.WithWordsShuffled(sequence, random) : sequence)],
            _ => planned,
        };
    }

    /// <summary>Targets of other inputs; null if the targets are unchanged.</summary>
    public long[]? Targets(TokenBatch batch, Random random)
    {
        if (Cause != "shuffled_labels")
            return null;
        long[] targets = [.. batch.Targets];
        random.Shuffle(targets);
        return targets;
    }

    private static List<long[]> Repeated(IReadOnlyList<long[]> planned, Random random)
    {
        var token = (long)random.Next('a', 'z' + 1);
        return [.. planned.Select(sequence => Enumerable.Repeat(token, sequence.Length).ToArray())];
    }

    private static List<long[]> Replaced(IReadOnlyList<long[]> planned, double part, Func<long[]> other) =>
        [.. planned.Select((sequence, i) => i < planned.Count * part ? other() : sequence)];
}
