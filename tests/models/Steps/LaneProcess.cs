using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Steps;
using ActorTrain.Tests.Replicas;
using TorchSharp;

namespace ActorTrain.Models.Tests.Steps;

/// <summary>One of several operating-system processes that compute the lanes of the same steps: each its own lanes, the sums exchanged
/// through files, the whole update applied by each.</summary>
public static class LaneProcess
{
    private const int Lanes = 8;
    private const int Steps = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly ReplicaOptions Options = new()
    {
        Model = ModelOptions.FromDepth(2) with { ContextLength = 24, VocabularySize = 101, Heads = 4, KeyValueHeads = 4 },
        Precision = Precision.BFloat16,
        Lanes = Lanes,
        Schedule = new LearningRateSchedule(3e-3, 2, 10),
        Seed = 11,
    };

    /// <summary>Arguments: the folder to exchange sums in, how many processes there are, which one this is, its number of
    /// threads.</summary>
    public static int Main(string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        int[] numbers = [.. arguments[1..].Select(static text => int.Parse(text, CultureInfo.InvariantCulture))];
        ComputeThreads.Set(numbers[2]);
        Console.WriteLine(Train(arguments[0], numbers[0], numbers[1]));
        return 0;
    }

    /// <summary>Starts one of the processes, which prints the hash of its weights.</summary>
    internal static Process Start(string folder, int processes, int index, int threads) =>
        Process.Start(TestProgram.Command("lanes", folder, $"{processes}", $"{index}", $"{threads}"))!;

    /// <summary>The part of process <paramref name="index"/>; the hash of the weights it ends with.</summary>
    internal static string Train(string folder, int processes, int index)
    {
        using var replica = new Replica(Options);
        var shares = LaneBlock.Share(Lanes, processes);
        for (var step = 0; step < Steps; step++)
        {
            var at = step;
            foreach (var block in shares[index])
            {
                var sum = replica.Gradient(block, lane => MicroBatches(at, lane), Lanes * 4L * Options.Model.ContextLength);
                Send(File(folder, step, block), sum);
                replica.ReturnGradient(sum.Gradient);
            }

            var tree = new LaneTree<GradientSum>(Lanes, GradientSum.Add);
            var received = new List<torch.Tensor>();
            foreach (var block in shares.SelectMany(static share => share))
            {
                var sum = Receive(File(folder, step, block), replica.RentGradient());
                received.Add(sum.Gradient);
                tree.Add(block, sum);
            }

            replica.Apply(tree.Total(), tree.Total().Measure(step));
            received.ForEach(replica.ReturnGradient);
        }

        return Convert.ToHexString(SHA256.HashData(replica.Parameters.Weights.bytes));
    }

    private static string File(string folder, int step, LaneBlock block) => Path.Combine(folder, $"{step}-{block.First}-{block.Count}");

    // A file is there as soon as it has its name, and then it is whole.
    private static void Send(string file, GradientSum sum)
    {
        using (var stream = new FileStream(file + ".part", FileMode.Create))
        {
            stream.Write(BitConverter.GetBytes(sum.Loss));
            stream.Write(sum.Gradient.bytes);
        }

        System.IO.File.Move(file + ".part", file);
    }

    private static GradientSum Receive(string file, torch.Tensor into)
    {
        var started = Stopwatch.GetTimestamp();
        while (!System.IO.File.Exists(file))
        {
            if (Stopwatch.GetElapsedTime(started) > Patience)
                throw new TimeoutException($"{file} did not come.");
            Thread.Yield();
        }

        var bytes = System.IO.File.ReadAllBytes(file);
        bytes.AsSpan(sizeof(double)).CopyTo(into.bytes);
        return new GradientSum(into, MemoryMarshal.Read<double>(bytes));
    }

    private static IEnumerable<TokenBatch> MicroBatches(int step, int lane)
    {
        for (var micro = 0; micro < 2; micro++)
        {
            var random = new Random(1_000_003 * step + 1_009 * lane + micro);
            var context = Options.Model.ContextLength;
            yield return new TokenBatch(
                [.. Enumerable.Range(0, 2 * (context + 1)).Select(_ => (long)random.Next(Options.Model.VocabularySize))], 2, context);
        }
    }
}
