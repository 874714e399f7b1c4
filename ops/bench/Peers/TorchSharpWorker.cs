using System.Diagnostics;
using System.Globalization;
using ActorTrain.Models;
using static TorchSharp.torch;

namespace ActorTrain.Bench.Peers;

/// <summary>The mode of this program that trains with TorchSharp alone, by the protocol of <c>protocol.py</c>. Nothing of ours sets its process up: libtorch finds the
/// environment that whoever started it chose.</summary>
internal static class TorchSharpWorker
{
    /// <summary>Serves until standard input ends.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="UserErrorException">A line of standard input, or the command line, cannot be understood.</exception>
    public static int Serve(IReadOnlyList<string> arguments)
    {
        var options = PeerTraining.Parse(arguments);
        set_num_threads(Environment.ProcessorCount);
        using var training = new TorchSharpTraining(options);
        var (tokens_BT, targets_BT) = Trainee.RandomTokens(options.Model, options.Batch, new Random(1)).ToTensors();
        var targets_N = targets_BT.view(-1);
        Console.WriteLine("ready");
        while (Console.ReadLine() is { } line)
        {
            if (line.Split(' ') is not ["run", var count] || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var steps) || steps < 1)
                throw new UserErrorException($"The worker cannot understand \"{line}\"; say `run N` with N at least 1.");
            var (started, loss) = (Stopwatch.GetTimestamp(), 0.0);
            for (var i = 0; i < steps; i++)
                loss = training.Step(tokens_BT, targets_N);
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"seconds {seconds:F6} tokens_per_second {steps * targets_N.numel() / seconds:F1} loss {loss:F6}"));
        }

        return 0;
    }
}
