using ActorTrain.Bench.Peers;
using ActorTrain.Models;

namespace ActorTrain.Bench;

/// <summary>Training speed of GPT-2 124M against TorchSharp, in alternation.</summary>
internal static class Gpt2Bench
{
    private const int Rounds = 5;
    private const int Steps = 2;

    /// <param name="context">Tokens per sequence.</param>
    public static void Run(Figures figures, string name, int batch, int context)
    {
        Console.WriteLine(
            $"\n{name}: GPT-2 124M (12 layers, width 768, 12 heads, vocabulary 50257), context {context}, batch {batch}, AdamW, "
            + $"clipping; tokens/s");
        var model = ModelOptions.FromDepth(12) with { ContextLength = context, VocabularySize = 50257 };
        foreach (var precision in new[] { Precision.BFloat16, Precision.Float32 })
        {
            var type = PeerTraining.NameOf(precision);
            using var ours = new Trainee(model, precision, batch, lanes: 1);
            using var theirs = TorchSharpPeer.Best(ours, steps: 1);
            using var shipped = TorchSharpPeer.AsShipped(ours);
            var turns = new Turns(
                "tokens/s",
                ($"actortrain {type}", () => ours.Run(Steps)),
                ($"torchsharp {type}", () => theirs.TokensPerSecond(Steps)),
                ($"torchsharp as shipped {type}", () => shipped.TokensPerSecond(1)));
            turns.Take(Rounds);
            turns.Print();
            figures.Add($"{name}.{type}.vs_torchsharp", turns.Ratio(0, 1));
        }
    }
}
