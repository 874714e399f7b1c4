using System.Globalization;
using ActorTrain.Bench.Peers;
using ActorTrain.Models;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Bench;

/// <summary>Decoding speed of one text and of 32 side by side, and of reading a prompt, against TorchSharp, in alternation.</summary>
internal static class DecodeBench
{
    private const int Rounds = 5;
    private const int Trials = 3;
    private const int Many = 32;

    /// <param name="prefix">Of the figures.</param>
    /// <param name="texts">Texts per turn.</param>
    public static void Run(Figures figures, string prefix, ModelOptions model, int texts)
    {
        Console.WriteLine(
            $"\n{prefix}decode: {model.Layers} layers, width {model.Width}, {model.Heads} heads, vocabulary {model.VocabularySize}, bf16; "
            + $"greedy texts of {Decoding.Text} tokens after prompts of {Decoding.Prompt}; tokens/s");
        var precisions = SidePrecisions.Of(Precision.BFloat16);
        var (one, many) = (new PeerTraining(model, precisions.TorchSharps, 1), new PeerTraining(model, precisions.TorchSharps, Many));
        var precisionOfOne = OurPrecision($"{1}", one, trainee => trainee.Decode(texts));
        using var ourOne = new DecodeTrainee(one with { Precision = precisionOfOne });
        using var ourMany = new DecodeTrainee(
            many with { Precision = OurPrecision($"{Many}", many, trainee => trainee.Decode(texts)) });
        using var ourPrefill = new DecodeTrainee(
            one with { Precision = OurPrecision("prefill", one, trainee => trainee.Prefill(4 * texts)) });
        using var theirOne = TorchSharpPeer.BestDecoder(one, DecodingWorker.DecodeMode);
        using var theirMany = TorchSharpPeer.BestDecoder(many, DecodingWorker.DecodeMode);
        using var theirPrefill = TorchSharpPeer.BestDecoder(one, DecodingWorker.PrefillMode);
        var turns = new Turns(
            "tokens/s",
            ("actortrain 1", () => ourOne.Decode(texts)),
            ("torchsharp 1", () => theirOne.TokensPerSecond(texts)),
            ($"actortrain {Many}", () => ourMany.Decode(texts)),
            ($"torchsharp {Many}", () => theirMany.TokensPerSecond(texts)),
            ("actortrain prefill", () => ourPrefill.Prefill(4 * texts)),
            ("torchsharp prefill", () => theirPrefill.TokensPerSecond(4 * texts)));
        var rates = new List<double>();
        turns.Take(Rounds, () => rates.Add(MemoryRate.Read()));
        turns.Print();

        // Every matrix is read once per token of one text.
        var matrices = new ModelMemory(model, precisionOfOne).Packed;
        var limit = rates.Median() / matrices;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  memory {rates.Median() / 1e9:F1} GB/s, {matrices / 1e6:F0} MB a token{InCaches(matrices)}: "
            + $"at most {limit:F0} tokens/s; "
            + $"first token after {1000 * Decoding.Prompt / turns.Median(4):F1} ms"));
        figures.Add($"{prefix}decode.1.vs_torchsharp", turns.Ratio(0, 1));
        figures.Add($"{prefix}decode.{Many}.vs_torchsharp", turns.Ratio(2, 3));
        figures.Add($"{prefix}prefill.vs_torchsharp", turns.Ratio(4, 5));
        figures.Add($"{prefix}decode.vs_memory_limit", turns.Median(0) / limit);
    }

    // What the caches hold may be read faster than memory.
    private static string InCaches(double bytes) => bytes <= Machine.CacheBytes ? " (which its caches hold)" : "";

    // On a CPU without instructions for bfloat16, the one in which the work itself is faster.
    private static Precision OurPrecision(string name, PeerTraining shape, Func<DecodeTrainee, double> work)
    {
        if (Machine.MultipliesBFloat16)
            return Precision.BFloat16;
        Precision[] choices = [Precision.BFloat16, Precision.Float32];
        var trainees = choices.Select(precision => new DecodeTrainee(shape with { Precision = precision })).ToList();
        var turns = new Turns(
            "tokens/s", [.. trainees.Select((trainee, i) => (PeerTraining.NameOf(choices[i]), (Func<double>)(() => work(trainee))))]);
        turns.Take(Trials);
        trainees.ForEach(static trainee => trainee.Dispose());
        var faster = choices[turns.Ratio(0, 1) > 1 ? 0 : 1];
        Console.WriteLine($"  actortrain {name} takes {PeerTraining.NameOf(faster)}");
        return faster;
    }
}
