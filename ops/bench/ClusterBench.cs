using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ActorTrain.Bench;

/// <summary>Trainers in processes of their own against trainers in one process, by the program itself: speed in alternation, goodput with a
/// process killed every 30 seconds, and what a node costs that has nothing to do.</summary>
internal static partial class ClusterBench
{
    private const int Rounds = 5;
    private const int Steps = 40;
    private const int Warm = 8;
    private const int GoodputSteps = 450;
    private const int TokensPerStep = 8 * 256;
    private const double TicksPerSecond = 100; // USER_HZ
    private static readonly TimeSpan KillEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AtRest = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);
    private static int runs;

    public static void Run(Figures figures)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\ncluster: the benchmark model in bf16 by `actortrain pretrain`, batch 8 as 8 lanes, {Steps} steps, the first {Warm} not "
            + $"counted; tokens/s"));
        var folder = Directory.CreateTempSubdirectory("actortrain-bench-").FullName;
        try
        {
            BenchRun.Prepare(folder);
            Compare(figures, folder);
            Disturb(figures, folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Compare(Figures figures, string folder)
    {
        var turns = new Turns(
            "tokens/s",
            ("2 nodes of 1 thread", () => SpeedOf(folder, Steps, ["--nodes", "2"], "trainers.count=2", "training.threads=1")),
            ("1 process, 2 trainers", () => SpeedOf(folder, Steps, [], "trainers.count=2", "training.threads=1")),
            ("1 trainer of 2 threads", () => SpeedOf(folder, Steps, [], "trainers.count=1", "training.threads=2")));
        turns.Take(Rounds);
        turns.Print();
        figures.Add("cluster.nodes_vs_trainers", turns.Ratio(0, 1));
        figures.Add("cluster.nodes_vs_threads", turns.Ratio(0, 2));
    }

    private static void Disturb(Figures figures, string folder)
    {
        string[] options = ["--nodes", "2", .. BenchRun.Set("nodes.timeout=5")];
        var (calm, disturbed, kills) = (TimeSpan.Zero, TimeSpan.Zero, 0);
        for (var round = 0; round < 2; round++)
        {
            using (var run = new NodeRun(folder, Name(), GoodputSteps, options))
                calm += run.End();
            using var victim = new NodeRun(folder, Name(), GoodputSteps, options);
            kills += victim.KillNodes(KillEvery);
            disturbed += victim.End();
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  2 nodes, twice {GoodputSteps} steps from the first on: {calm.TotalSeconds:F1} s undisturbed, {disturbed.TotalSeconds:F1} s "
            + $"with {kills} processes killed, one every {KillEvery.TotalSeconds:F0} s"));
        figures.Add("cluster.goodput_percent", 100 * calm / disturbed);

        using var idle = new NodeRun(folder, Name(), 1_000_000, options);
        var spent = idle.CostAtRest(AtRest);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  a paused run, {AtRest.TotalSeconds:F0} s: a node takes {spent.Node:F2} % of a core, the process that leads "
            + $"{spent.Leader:F2} %"));
        figures.Add("cluster.idle_node_percent", spent.Node);
        figures.Add("cluster.idle_leader_percent", spent.Leader);
    }

    private static string Name() => $"cluster-{++runs}";

    private static string[] Pretrain(string name, int steps, params string[] settings) =>
    [
        "pretrain", .. BenchRun.Set(
            [
                $"run.name={name}", "data.path=data", "model.depth=6", "model.context=256", "training.batch=8", "training.lanes=8",
                "training.precision=bfloat16", $"training.steps={steps}", "checkpoints.every=0", "evaluation.every=0", "reducers.count=2",
                .. settings,
            ]),
    ];

    private static double SpeedOf(string folder, int steps, string[] options, params string[] settings)
    {
        var name = Name();
        using var process = BenchRun.Start(folder, [.. Pretrain(name, steps, settings), .. options]);
        process.BeginOutputReadLine();
        BenchRun.AwaitEnd(process, "pretrain", Patience);
        var times = Times(folder, name);
        return (steps - Warm) * TokensPerStep / (times[steps] - times[Warm]).TotalSeconds;
    }

    // When each step's row was made.
    private static Dictionary<long, DateTimeOffset> Times(string folder, string name)
    {
        var times = new Dictionary<long, DateTimeOffset>();
        var file = Path.Combine(folder, "runs", name, "metrics.jsonl");
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        while (reader.ReadLine() is { } line)
        {
            using var row = JsonDocument.Parse(line);
            if (row.RootElement.TryGetProperty("loss", out _))
                times[row.RootElement.GetProperty("step").GetInt64()] = row.RootElement.GetProperty("time").GetDateTimeOffset();
        }

        return times;
    }

    /// <summary>A run on nodes of this machine.</summary>
    private sealed partial class NodeRun : IDisposable
    {
        private readonly string folder;
        private readonly string name;
        private readonly int steps;
        private readonly Process process;
        private readonly Lock gate = new();
        private readonly Dictionary<string, int> nodes = [];
        private readonly TaskCompletionSource trains = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public NodeRun(string folder, string name, int steps, string[] options)
        {
            (this.folder, this.name, this.steps) = (folder, name, steps);
            process = BenchRun.Start(folder, [.. Pretrain(name, steps), .. options]);
            process.OutputDataReceived += (_, line) => Handle(line.Data ?? "");
            process.BeginOutputReadLine();
            if (!trains.Task.Wait(Patience))
                throw new TimeoutException("`actortrain pretrain --nodes` took no step.");
        }

        /// <summary>Kills one node after another, in turn, until the run ends.</summary>
        /// <returns>How many.</returns>
        public int KillNodes(TimeSpan every)
        {
            for (var kills = 0; ; kills++)
            {
                if (process.WaitForExit(every))
                    return kills;
                Kill($"node-{1 + kills % 2}");
            }
        }

        /// <returns>The time from its first step to its last.</returns>
        public TimeSpan End()
        {
            BenchRun.AwaitEnd(process, "pretrain", Patience);
            var times = Times(folder, name);
            return times[steps] - times[1];
        }

        /// <returns>Percent of a core.</returns>
        public (double Node, double Leader) CostAtRest(TimeSpan time)
        {
            using (var pause = BenchRun.Start(folder, ["pause", name]))
            {
                pause.BeginOutputReadLine();
                BenchRun.AwaitEnd(pause, "pause", Patience);
            }

            int node;
            lock (gate)
                node = nodes.Values.First();

            // What was begun is finished first.
            process.WaitForExit(time);
            var (ofNode, ofLeader, began) = (Ticks(node), Ticks(process.Id), Stopwatch.GetTimestamp());
            process.WaitForExit(time);
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            return (Percent(Ticks(node) - ofNode), Percent(Ticks(process.Id) - ofLeader));

            double Percent(long ticks) => 100 * ticks / TicksPerSecond / seconds;
        }

        public void Dispose()
        {
            if (!process.HasExited)
            {
                process.Kill();
                process.WaitForExit(Patience);
            }

            process.Dispose();
        }

        private static long Ticks(int id)
        {
            // User and system time follow the name, which may have blanks, and 11 other fields.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        }

        private void Kill(string node)
        {
            int id;
            lock (gate)
                id = nodes[node];
            using var victim = Process.GetProcessById(id);
            victim.Kill();
        }

        private void Handle(string line)
        {
            if (Joined.Match(line) is { Success: true, Groups: [_, var node, var id] })
            {
                lock (gate)
                    nodes[node.Value] = int.Parse(id.Value, CultureInfo.InvariantCulture);
            }

            if (line.StartsWith("step ", StringComparison.Ordinal))
                trains.TrySetResult();
        }

        [GeneratedRegex(@"(\S+) joined: process (\d+) on ")]
        private static partial Regex Joined { get; }
    }
}
