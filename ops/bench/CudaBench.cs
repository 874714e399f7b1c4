using ActorTrain.Bench.Peers;
using ActorTrain.Models;
using static TorchSharp.torch;

namespace ActorTrain.Bench;

/// <summary>A GPT-2 124M training step in bf16 on one GPU, against PyTorch 2 in alternation.</summary>
internal static class CudaBench
{
    private const int Rounds = 5;
    private const int Steps = 10;

    public static void Run(Figures figures)
    {
        if (!cuda.is_available())
        {
            Console.WriteLine("\ncuda: this libtorch sees no GPU, so nothing was measured");
            return;
        }

        Console.WriteLine("\ncuda: GPT-2 124M, bf16, context 1024, batch 16; tokens/s");
        var gpt2 = ModelOptions.FromDepth(12) with { ContextLength = 1024, VocabularySize = 50304 };
        using var ours = new Trainee(gpt2, Precision.BFloat16, batch: 16, lanes: 1, device: CUDA);
        using var theirs = PeerProcess.Script("python3", "gpt2_124m_cuda.py");
        ours.Run(3);
        var rates = Enumerable.Range(0, Rounds)
            .Select(_ => (Ours: ours.Run(Steps), Theirs: theirs.TokensPerSecond(Steps))).ToArray();
        Console.WriteLine(
            $"  actortrain {rates.Select(static r => r.Ours).Median():F0}, torch {rates.Select(static r => r.Theirs).Median():F0}");
        figures.Add("train.cuda.gpt2_124m.vs_torch", rates.Select(static r => r.Ours / r.Theirs).Median());
    }
}
