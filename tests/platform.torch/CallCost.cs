using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Platform.Torch.Tests;

/// <summary>Nanoseconds per small operation; the twin of call_cost.py, which prints the same lines from Python.</summary>
internal static class CallCost
{
    public static void Print()
    {
        set_num_threads(1);
        var a = ones([4, 4]);
        var b = ones([4, 4]);
        var x = ones([4, 4], requires_grad: true);
        (string Name, Action Run)[] operations =
        [
            ("add", () => a.add(b).Dispose()), ("add_scalar", () => a.add(1).Dispose()), ("mul_", () => a.mul_(b)),
            ("view", () => a.view(16).Dispose()), ("matmul", () => a.matmul(b).Dispose()), ("sum", () => a.sum().Dispose()),
            ("add_recorded", () => x.add(b).Dispose()), ("shape", () => _ = a.shape), ("item", () => _ = a[0, 0].item<float>()),
        ];
        foreach (var (name, run) in operations)
        {
            var best = double.MaxValue;
            for (var round = 0; round < 7; round++)
            {
                var clock = Stopwatch.StartNew();
                // A scope as a training step has one, and the garbage that goes with it.
                for (var i = 0; i < 100; i++)
                {
                    using var scope = NewDisposeScope();
                    for (var j = 0; j < 300; j++) run();
                }

                best = Math.Min(best, clock.Elapsed.TotalNanoseconds / 30_000);
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {best:F0}"));
        }
    }
}
