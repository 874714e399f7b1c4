using ActorTrain.Bench.Peers;
using ActorTrain.Models;

namespace ActorTrain.Bench.Rollouts;

/// <summary>Rollouts of the benchmark model with their log-probabilities, in 1 to 128 slots, against TorchSharp and the old generator, in
/// alternation.</summary>
internal static class GenerationBench
{
    private const int Rounds = 5;

    // Slots, and repetitions of a turn.
    private static readonly (int Slots, int Repetitions)[] Sizes = [(1, 16), (8, 4), (32, 2), (128, 1)];

    public static void Run(Figures figures)
    {
        var model = Trainee.BenchmarkModel;
        Console.WriteLine(
            $"\nrlhf_generation: {model.Layers} layers, width {model.Width}, {model.Heads} heads, vocabulary {model.VocabularySize}, bf16; "
            + $"rollouts of {Decoding.Text} tokens, {Decoding.Samples} for each prompt of {Decoding.Prompt}, prompts included in the time; "
            + "tokens/s");
        var precisions = SidePrecisions.Of(Precision.BFloat16);
        foreach (var (slots, repetitions) in Sizes)
        {
            var shape = new PeerTraining(model, precisions.Ours, slots);
            using var ours = new RolloutTrainee(shape);
            using var old = new OldGenerator(shape);
            using var theirs = TorchSharpPeer.BestDecoder(
                shape with { Precision = precisions.TorchSharps }, DecodingWorker.RolloutMode);
            var turns = new Turns(
                "tokens/s",
                ($"actortrain {slots}", () => ours.Run(repetitions)),
                ($"torchsharp {slots}", () => theirs.TokensPerSecond(repetitions)),
                ("old generator", () => old.Run(texts: 2)));
            ours.Run(1);
            old.Run(texts: 1);
            turns.Take(Rounds);
            turns.Print();
            figures.Add($"rlhf.decode_{slots}.tokens_per_second", turns.Median(0));
            figures.Add($"rlhf.decode_{slots}.vs_torchsharp", turns.Ratio(0, 1));
            figures.Add($"rlhf.decode_{slots}.vs_old", turns.Ratio(0, 2));
        }
    }
}
