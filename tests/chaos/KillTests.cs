using System.Diagnostics;
using System.Text.Json;
using ActorTrain.Tests.Processes;

namespace ActorTrain.Chaos.Tests;

/// <summary>Real processes, really killed: the weights a run ends with are those of an undisturbed one, bit for bit.</summary>
public sealed class KillTests : IDisposable
{
    private const int Kills = 20;
    private readonly RealRun real = new();

    public void Dispose() => real.Dispose();

    [Theory]
    [InlineData("float32", 1)]
    [InlineData("bfloat16", 2)]
    public void A_run_killed_at_twenty_random_moments_ends_with_the_weights_of_an_undisturbed_one(string precision, int seed)
    {
        real.Run(RealRun.Pretrain("undisturbed", precision)).ShouldSucceed();
        var undisturbed = real.NewestWeights("undisturbed");
        undisturbed.Step.ShouldBe(90);

        // A moment is a change in the run's folder: a metrics row, a file of a checkpoint made, grown or renamed. So kills fall into saves
        // too.
        var random = new Random(seed);
        var kills = 0;
        Outcome? last = null;
        while (last is null)
        {
            using var process = real.Start(RealRun.Pretrain("killed", precision));
            last = kills < Kills && KillAtChange(process, real.RunFolder("killed"), 3 + random.Next(16)) ? null : Outcome.Of(process);
            kills += last is null ? 1 : 0;
        }

        last.ShouldSucceed();
        kills.ShouldBe(Kills, $"seed {seed}: the run ended before it was killed often enough");
        real.NewestWeights("killed").ShouldBe(undisturbed, $"seed {seed}");
        real.MetricSteps("killed").ShouldBe(Enumerable.Range(1, 90), $"seed {seed}");

        // What was computed again after a kill came to the same bits, and what it was before still stands there.
        using var audit = JsonDocument.Parse(real.Run("audit", "killed", "--json").ShouldSucceed().Output);
        audit.RootElement.GetProperty("unequal").GetArrayLength().ShouldBe(0, $"seed {seed}");
        audit.RootElement.GetProperty("redone").GetInt32().ShouldBeGreaterThanOrEqualTo(
            File.ReadLines(Path.Combine(real.RunFolder("killed"), "metrics.jsonl"))
                .Count(static line => line.Contains("\"gradient_norm\"", StringComparison.Ordinal)) - 90,
            $"seed {seed}");
    }

    [Fact]
    public void Another_process_and_another_number_of_threads_end_with_the_same_weights()
    {
        real.Run(RealRun.Pretrain("first", "bfloat16")).ShouldSucceed();
        real.Run(RealRun.Pretrain("second", "bfloat16", "training.threads=2")).ShouldSucceed();
        real.NewestWeights("second").ShouldBe(real.NewestWeights("first"));
    }

    [Fact]
    public void A_stop_by_signal_saves_exits_with_zero_and_the_rest_of_the_run_has_the_same_bits()
    {
        real.Run(RealRun.Pretrain("undisturbed", "float32")).ShouldSucceed();
        using (var process = real.Start(RealRun.Pretrain("stopped", "float32", "checkpoints.every=0")))
        {
            WaitForChange(real.RunFolder("stopped"), "metrics.jsonl", 12);
            Process.Start("kill", ["-TERM", process.Id.ToString()])!.WaitToEnd();
            Outcome.Of(process).ShouldSucceed();
        }

        var (step, _) = real.NewestWeights("stopped");
        step.ShouldBeInRange(1, 90);
        real.Run(RealRun.Pretrain("stopped", "float32", "checkpoints.every=0")).ShouldSucceed();
        real.NewestWeights("stopped").ShouldBe(real.NewestWeights("undisturbed"));
    }

    [Fact]
    public void A_torn_newest_checkpoint_is_passed_over_with_a_warning_and_the_bits_are_the_same()
    {
        real.Run(RealRun.Pretrain("whole", "float32")).ShouldSucceed();
        var expected = real.NewestWeights("whole");
        var weights =
            Directory.GetFiles(Path.Combine(real.RunFolder("whole"), "checkpoints"), "weights.safetensors", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal).Last();
        using (var file = File.Open(weights, FileMode.Open))
        {
            file.Position = file.Length / 2;
            var value = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(value ^ 1));
        }

        var resumed = real.Run(RealRun.Pretrain("whole", "float32")).ShouldSucceed();
        (resumed.Output + resumed.Error).ShouldContain("step-00000090");
        real.NewestWeights("whole").ShouldBe(expected);
    }

    [Fact]
    public void A_configuration_that_differs_is_refused_with_the_key_and_nothing_is_changed()
    {
        real.Run(RealRun.Pretrain("run", "float32", "training.steps=6")).ShouldSucceed();
        var before = real.Snapshot();
        real.Run(RealRun.Pretrain("run", "float32", "training.steps=6", "training.seed=4")).ShouldRefuse("training.seed");
        real.Snapshot().ShouldBe(before);
    }

    // The watcher must be there before the first change, so it looks at the folder above, which is there from the start.
    private static bool KillAtChange(Process process, string runFolder, int change)
    {
        using var reached = new ManualResetEventSlim();
        using var watcher = Watch(runFolder, _ => true, change, reached);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => reached.Set();
        if (process.HasExited)
            return false;
        reached.Wait(BoundedWaits.Longest).ShouldBeTrue();
        if (process.HasExited)
            return false;
        process.Kill();
        process.WaitToEnd();
        return true;
    }

    internal static void WaitForChange(string runFolder, string file, int change)
    {
        using var reached = new ManualResetEventSlim();
        using var watcher = Watch(runFolder, path => path.EndsWith(file, StringComparison.Ordinal), change, reached);
        reached.Wait(TimeSpan.FromMinutes(2)).ShouldBeTrue();
    }

    private static FileSystemWatcher Watch(string runFolder, Func<string, bool> counts, int change, ManualResetEventSlim reached)
    {
        Directory.CreateDirectory(runFolder);
        var seen = 0;
        void Count(object _, FileSystemEventArgs what)
        {
            if (counts(what.FullPath) && Interlocked.Increment(ref seen) == change)
                reached.Set();
        }

        var watcher = new FileSystemWatcher(runFolder) { IncludeSubdirectories = true, InternalBufferSize = 1 << 16 };
        watcher.Created += Count;
        watcher.Changed += Count;
        watcher.Deleted += Count;
        watcher.Renamed += (sender, what) => Count(sender, what);
        watcher.EnableRaisingEvents = true;
        return watcher;
    }
}
