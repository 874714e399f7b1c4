using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ActorTrain.Bench;

/// <summary>Repeated kill -9 of a running process: the time until its successor reaches a new step, part by part.</summary>
internal static partial class RestartBench
{
    private const int Kills = 20;
    private const int CheckpointEvery = 10;
    private const int Tail = 4096;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly string[] Pretrain =
    [
        "pretrain", .. BenchRun.Set(
            "run.name=restarts", "data.path=data", "model.depth=6", "model.context=256", "training.batch=8", "training.lanes=8",
                "training.precision=bfloat16", "training.steps=100000",
            string.Create(CultureInfo.InvariantCulture, $"checkpoints.every={CheckpointEvery}"), "evaluation.every=0", "trainers.count=2"),
    ];

    public static void Run(Figures figures)
    {
        Console.WriteLine(
            $"\nrestart: the benchmark model in bf16 by `actortrain pretrain`, 2 trainers of 1 thread, a checkpoint every "
            + $"{CheckpointEvery} steps; killed by signal 9 at any step, medians over {Kills} times, seconds");
        var folder = Directory.CreateTempSubdirectory("actortrain-bench-").FullName;
        try
        {
            BenchRun.Prepare(folder);
            List<double>[] parts = [[], [], [], [], []];
            var random = new Random(1);
            var life = new Life(folder);
            try
            {
                life.Until(CheckpointEvery + 2);
                for (var i = 0; i < Kills; i++)
                {
                    var reached = life.KillAfter(random.Next(CheckpointEvery));
                    life.Dispose();
                    life = new Life(folder);
                    var (said, origin) = life.UntilItGoesOn();

                    // The rows of redone steps are cut off before.
                    life.Until(step => step <= origin);
                    var first = life.Until(origin + 1);
                    var done = life.Until(reached + 1);
                    foreach (var (part, time) in parts.Zip(
                        [said.TotalSeconds, (first - said).TotalSeconds, (done - first).TotalSeconds, done.TotalSeconds, reached - origin]))
                        part.Add(time);
                }
            }
            finally
            {
                life.Dispose();
            }

            Print("the program, its checks of data and checkpoint", parts[0]);
            Print("actors, the trainers' states, the first step", parts[1]);
            Print(string.Create(CultureInfo.InvariantCulture, $"the way that was taken before, {parts[4].Median()} steps"), parts[2]);
            Print("all, to the first new step", parts[3]);
            figures.Add("recovery.restart.seconds", parts[3].Median());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Print(string what, List<double> seconds) =>
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"  {what}: {seconds.Median():F2} ({seconds.Min():F2}–{seconds.Max():F2})"));

    [GeneratedRegex(@"(?:going on|resum\w+) after step (\d+)")]
    private static partial Regex GoesOn { get; }

    private sealed class Life : IDisposable
    {
        private readonly string metrics;
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private readonly Process process;
        private readonly TaskCompletionSource<(TimeSpan, long)> goesOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Life(string folder)
        {
            metrics = Path.Combine(folder, "runs", "restarts", "metrics.jsonl");
            process = BenchRun.Start(folder, Pretrain);
            process.OutputDataReceived += (_, line) =>
            {
                if (line.Data is { } said && GoesOn.Match(said) is { Success: true, Groups: [_, var step] })
                    goesOn.TrySetResult((clock.Elapsed, long.Parse(step.Value, CultureInfo.InvariantCulture)));
            };
            process.BeginOutputReadLine();
        }

        // Reads only the end, since it is called often and must not slow the run.
        private long Newest
        {
            get
            {
                if (!File.Exists(metrics))
                    return 0;
                using var file = new FileStream(metrics, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                file.Position = Math.Max(0, file.Length - Tail);
                var end = new byte[Tail];
                var lines = Encoding.UTF8.GetString(end, 0, file.ReadAtLeast(end, Tail, throwOnEndOfStream: false)).Split('\n');
                if (lines.Length < 2)
                    return 0;
                using var row = JsonDocument.Parse(lines[^2]);
                return row.RootElement.GetProperty("step").GetInt64();
            }
        }

        public (TimeSpan At, long Step) UntilItGoesOn()
        {
            Await(() => goesOn.Task.IsCompleted, "did not say where it resumes");
            return goesOn.Task.Result;
        }

        public TimeSpan Until(long step) => Until(newest => newest >= step);

        public TimeSpan Until(Func<long, bool> isReached)
        {
            Await(() => isReached(Newest), "did not take the steps that were waited for");
            return clock.Elapsed;
        }

        private void Await(Func<bool> isSo, string complaint)
        {
            var started = Stopwatch.GetTimestamp();
            while (!isSo())
            {
                if (process.WaitForExit(Poll))
                    throw new InvalidOperationException($"`actortrain pretrain` ended with {process.ExitCode}.");
                if (Stopwatch.GetElapsedTime(started) > Patience)
                    throw new TimeoutException(
                        $"`actortrain pretrain` {complaint} within {Patience.TotalMinutes:F0} minutes; its newest step is {Newest}.");
            }
        }

        /// <returns>The last step whose metrics are on disk.</returns>
        public long KillAfter(int steps)
        {
            Until(Newest + steps);
            Kill();
            return Newest;
        }

        public void Dispose()
        {
            Kill();
            process.Dispose();
        }

        private void Kill()
        {
            process.Kill();
            if (!process.WaitForExit(Patience))
                throw new TimeoutException(
                    $"`actortrain pretrain` did not end within {Patience.TotalMinutes:F0} minutes after it was killed.");
        }
    }
}
