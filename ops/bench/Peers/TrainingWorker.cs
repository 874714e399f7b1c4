using System.Diagnostics;
using System.Globalization;
using ActorTrain.Models;
using ActorTrain.Models.Layers;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Steps;
using static TorchSharp.torch;

namespace ActorTrain.Bench.Peers;

/// <summary>The training modes of this program as worker processes, by the protocol of <c>protocol.py</c>, to compare
/// environments.</summary>
internal static class TrainingWorker
{
    /// <summary>Trains with TorchSharp alone, in the environment chosen by the parent process, without our configuration.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="UserErrorException">A line of standard input, or the command line, is invalid.</exception>
    public static int TorchSharp(IReadOnlyList<string> arguments)
    {
        var options = PeerTraining.Parse(arguments);
        set_num_threads(Environment.ProcessorCount);
        using var training = new TorchSharpTraining(options);
        var (tokens_BT, targets_BT) = Trainee.RandomTokens(options.Model, options.Batch, new Random(1)).ToTensors();
        var targets_N = targets_BT.view(-1);
        return Serve(targets_N.numel(), () => training.Step(tokens_BT, targets_N));
    }

    /// <summary>Trains as the product does, in a process configured like the product's except for a preloaded allocator.</summary>
    public static int ActorTrain(IReadOnlyList<string> arguments)
    {
        var options = PeerTraining.Parse(arguments);
        NativeRuntime.Configure(options.Numerics == NumericsMode.Portable);
        ComputeThreads.Set(Environment.ProcessorCount);
        using var training = new Trainee(
            options.Model, options.Precision, options.Batch, lanes: 1, recompute: options.Recompute);
        return Serve(training.TokensPerStep, () =>
        {
            training.Run(1);
            return training.Loss;
        });
    }

    // Until standard input ends.
    internal static int Serve(long tokensPerStep, Func<double> step)
    {
        Console.WriteLine("ready");
        while (Console.ReadLine() is { } line)
        {
            if (line.Split(' ') is not ["run", var count]
                || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var steps) || steps < 1)
                throw new UserErrorException($"The worker cannot understand \"{line}\"; say `run N` with N at least 1.");
            var (started, loss) = (Stopwatch.GetTimestamp(), 0.0);
            for (var i = 0; i < steps; i++)
                loss = step();
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"seconds {seconds:F6} tokens_per_second {steps * tokensPerStep / seconds:F1} loss {loss:F6}"));
        }

        return 0;
    }
}
