using ActorTrain.Bench.Peers;
using ActorTrain.Models;

namespace ActorTrain.Bench;

/// <summary>Training speed of models of real sizes, or of long contexts, against TorchSharp, in alternation.</summary>
internal static class LargeModelBench
{
    private const int Rounds = 5;
    private const int Steps = 2;

    /// <summary>124M parameters.</summary>
    public static readonly ModelOptions Gpt2 = ModelOptions.FromDepth(12) with { ContextLength = 1024, VocabularySize = 50257 };

    /// <summary>355M parameters.</summary>
    public static readonly ModelOptions Gpt2Medium =
        ModelOptions.FromDepth(16) with { Layers = 24, ContextLength = 1024, VocabularySize = 50257 };

    /// <param name="precisions">Null for both.</param>
    /// <param name="andAsShipped">Whether TorchSharp without settings is measured too; a third process may not fit into memory.</param>
    public static void Run(
        Figures figures, string name, ModelOptions model, int batch, Precision[]? precisions = null, bool andAsShipped = true)
    {
        Console.WriteLine(
            $"\n{name}: GPT-2 of {model.Layers} layers, width {model.Width}, {model.Heads} heads, vocabulary {model.VocabularySize}, "
            + $"context {model.ContextLength}, batch {batch}, AdamW, clipping; tokens/s");
        foreach (var same in (precisions ?? [Precision.BFloat16, Precision.Float32]).GroupBy(SidePrecisions.Of))
        {
            var training = new PeerTraining(model, same.Key.TorchSharps, batch);
            var (our, their) = (PeerTraining.NameOf(same.Key.Ours), PeerTraining.NameOf(same.Key.TorchSharps));
            using var theirs = TorchSharpPeer.Best(training, steps: 1);
            using var shipped = andAsShipped ? TorchSharpPeer.AsShipped(training) : null;
            using var ours = new Trainee(model, same.Key.Ours, batch, lanes: 1);
            ours.Run(1);
            List<(string, Func<double>)> sides =
                [($"actortrain {our}", () => ours.Run(Steps)), ($"torchsharp {their}", () => theirs.TokensPerSecond(Steps))];
            if (shipped is not null)
                sides.Add(($"torchsharp as shipped {their}", () => shipped.TokensPerSecond(1)));
            var turns = new Turns("tokens/s", [.. sides]);
            turns.Take(Rounds);
            turns.Print();
            foreach (var precision in same)
                figures.Add($"{name}.{PeerTraining.NameOf(precision)}.vs_torchsharp", turns.Ratio(0, 1));
        }
    }
}
