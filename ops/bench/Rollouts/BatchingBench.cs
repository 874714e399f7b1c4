using System.Diagnostics;
using System.Globalization;
using ActorTrain.Bench.Peers;
using ActorTrain.Models;
using ActorTrain.Models.Generation;
using ActorTrain.Models.Randomness;
using ActorTrain.Models.Storage;

namespace ActorTrain.Bench.Rollouts;

/// <summary>Texts whose lengths have a long tail, batched continuously and statically: as a slot becomes free, or once all texts of a batch
/// have ended.</summary>
/// <remarks>A static batch pads: a text that has ended is computed on until the longest has (what generation in most libraries does). In a
/// third form, it costs nothing any more.</remarks>
internal sealed class BatchingBench : IDisposable
{
    private const int Rounds = 5, Slots = 32, Texts = 256, Longest = 192;

    private readonly FlatParameters parameters;
    private readonly Transformer model;
    private readonly ContinuousBatch batch;
    private readonly int[][] prompts;
    private readonly int[] lengths;
    private long steps;

    private BatchingBench()
    {
        var shape = new PeerTraining(Trainee.BenchmarkModel, Precision.BFloat16, Texts / Decoding.Samples);
        parameters = Decoding.Weights(shape.Model);
        model = new Transformer(shape.Model, parameters, shape.Precision);
        batch = new ContinuousBatch(model, Slots, Decoding.Prompt + Longest);
        prompts = [.. Decoding.Prompts(shape).Select(static ids => Array.ConvertAll(ids, static id => (int)id))];

        // Log-normal: median 24, one in forty above 170.
        var random = new Random(1);
        lengths = [.. Enumerable.Range(0, Texts).Select(_ =>
            Math.Clamp((int)Math.Round(24 * Math.Exp(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()))
                * Math.Cos(2 * Math.PI * random.NextDouble()))), 1, Longest))];
    }

    public static void Run(Figures figures)
    {
        using var bench = new BatchingBench();
        bench.Compare(figures);
    }

    public void Dispose()
    {
        batch.Dispose();
        model.Dispose();
        parameters.Dispose();
    }

    private void Compare(Figures figures)
    {
        double[] sorted = [.. lengths.Select(static length => (double)length).Order()];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\nrlhf_batching: {Texts} texts of {lengths.Average():F0} tokens on average (median {sorted[Texts / 2]:F0}, nine tenths up to "
            + $"{sorted[Texts * 9 / 10]:F0}, longest {sorted[^1]:F0}) in {Slots} slots; tokens/s"));
        var turns = new Turns("tokens/s", ("continuous", Continuous), ("static", () => Static(pads: true)),
            ("static, without padding", () => Static(pads: false)));
        turns.Take(Rounds);
        turns.Print();
        Continuous();
        var continuous = Occupancy();
        Static(pads: false);
        var inStatic = Occupancy();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  slots that write a token of use: {continuous:F1} % continuous, {inStatic:F1} % static"));
        figures.Add("rlhf.continuous_vs_static", turns.Ratio(0, 1));
        figures.Add("rlhf.continuous_vs_static_unpadded", turns.Ratio(0, 2));
        figures.Add("rlhf.continuous.occupancy_percent", continuous);
        figures.Add("rlhf.static.occupancy_percent", inStatic);
    }

    private double Continuous() => Measured(() => Write(0, Texts, static (length, _) => length));

    private double Static(bool pads) => Measured(() =>
    {
        for (var from = 0; from < Texts; from += Slots)
            Write(from, Slots, (length, longest) => pads ? longest : length);
    });

    private double Measured(Action write)
    {
        steps = 0;
        var started = Stopwatch.GetTimestamp();
        write();
        return lengths.Sum() / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private double Occupancy() => 100.0 * lengths.Sum() / (steps * Slots);

    private void Write(int from, int count, Func<int, int, int> until)
    {
        var longest = lengths[from..(from + count)].Max();
        batch.Add(Enumerable.Range(from, count).Select(text => new GrowingText(
            text, prompts[text / Decoding.Samples], new SamplingOptions(), model.Options.VocabularySize,
            token => new CounterRandom(1, text, 0, RandomUse.Rollout).UniformAt(token))));
        while (!batch.IsEmpty)
        {
            steps++;
            foreach (var (text, _) in batch.Advance().Where(one => one.Text.Written >= until(lengths[one.Text.Number], longest)))
                text.End();
        }
    }
}
