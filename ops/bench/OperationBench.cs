using System.Diagnostics;
using ActorTrain.Bench.Peers;
using static TorchSharp.torch;

namespace ActorTrain.Bench;

/// <summary>The cost of one small tensor operation called from C#, against Python, in alternation.</summary>
internal static class OperationBench
{
    private const int Repetitions = 100_000;

    public static void Run(Figures figures)
    {
        Console.WriteLine("\noperations: nanoseconds a call, C# and Python");
        using var python = PeerProcess.Script(PeerProcess.DebianPython, "torch_op_overhead.py");
        var threads = get_num_threads();
        set_num_threads(1);
        using var one = ones(1);
        using var other = ones(1);
        using var square = ones(8, 8);
        using var otherSquare = ones(8, 8);
        (string Name, Action Call)[] operations =
        [
            ("add", () => one.add(other).Dispose()),
            ("mul_", () => one.mul_(other)),
            ("view", () => square.view(64).Dispose()),
            ("matmul", () => square.matmul(otherSquare).Dispose()),
        ];
        foreach (var (_, call) in operations)
            Nanoseconds(call);

        var ours = operations.Select(static _ => new List<double>()).ToArray();
        var theirs = operations.Select(static _ => new List<double>()).ToArray();
        for (var round = 0; round < 7; round++)
        {
            for (var i = 0; i < operations.Length; i++)
                ours[i].Add(Nanoseconds(operations[i].Call));
            var words = python.Run(Repetitions);
            for (var i = 0; i < operations.Length; i++)
                theirs[i].Add(PeerProcess.Number(words, operations[i].Name));
        }

        var ratios = new List<double>();
        for (var i = 0; i < operations.Length; i++)
        {
            ratios.Add(ours[i].Zip(theirs[i], static (a, b) => a / b).Median());
            Console.WriteLine($"  {operations[i].Name,-8}{ours[i].Median(),8:F0}{theirs[i].Median(),8:F0}   ratio {ratios[i]:F2}");
        }

        set_num_threads(threads);
        figures.Add("op.overhead.vs_python", ratios.Max());
    }

    private static double Nanoseconds(Action call)
    {
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < Repetitions; i++)
            call();
        return Stopwatch.GetElapsedTime(started).TotalNanoseconds / Repetitions;
    }
}
