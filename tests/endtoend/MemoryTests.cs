using System.Globalization;
using System.Text.RegularExpressions;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>Memory is reckoned before it is taken, and where it runs out all the same, a person is told.</summary>
[Collection(nameof(RealRun))]
public sealed partial class MemoryTests(RealRun real)
{
    // How far an estimate may be off, either way.
    private const double Factor = 1.35;

    [Fact]
    public void A_model_far_beyond_memory_is_refused_before_anything_is_written()
    {
        var before = real.Snapshot();
        real.Run(TrainedRuns.Small("huge", "model.depth=200", "checkpoints.snapshots=20"))
            .ShouldRefuse("GiB", "snapshots", "--set checkpoints.snapshots=2", "model.depth", "--force");
        real.Run("chaos", "--set", "data.path=data", "--set", "run.name=huge", "--set", "model.depth=200", "--faults", "1")
            .ShouldRefuse("GiB", "--force");
        real.Snapshot().ShouldBe(before);
    }

    [Theory]
    [InlineData(true, "model.depth=6", "training.batch=8", "training.lanes=8", "checkpoints.snapshots=4")]
    [InlineData(true, "model.depth=6", "training.batch=4", "training.lanes=4", "trainers.count=2", "training.precision=bfloat16",
        "checkpoints.snapshots=2")]
    [InlineData(true, "model.depth=4", "model.family=llama", "model.context=128", "training.batch=32", "training.lanes=1",
        "training.micro_batch=32", "checkpoints.snapshots=2")]
    [InlineData(true, "model.depth=4", "model.family=llama", "model.context=128", "training.batch=32", "training.lanes=1",
        "training.micro_batch=32", "checkpoints.snapshots=2", "training.recompute=block")]
    [InlineData(false, "model.depth=3", "model.context=64", "training.batch=32", "training.lanes=1", "training.micro_batch=32",
        "checkpoints.snapshots=2")]
    public void An_estimate_is_within_a_stated_factor_of_what_a_real_process_takes_at_its_peak(bool isFused, params string[] settings)
    {
        var program = isFused ? RealRun.Program : WithoutKernels();
        string[] arguments =
        [
            "pretrain", .. new[]
            {
                "run.name=measured", $"run.output=measured-{Guid.NewGuid():N}", "data.path=data", "model.context=32", "training.steps=10",
                    "training.warmup_steps=1", "training.threads=1",
                "evaluation.batches=1", "checkpoints.snapshot_every=2", "checkpoints.every=4",
            }.Concat(settings).SelectMany(static setting => new[] { "--set", setting }),
        ];
        const string Measure =
            "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); print('peak', "
            + "resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)";
        using var process = real.StartIn("", "/usr/bin/python3", ["-c", Measure, "dotnet", program, .. arguments]);
        var output = Outcome.Of(process).ShouldSucceed().Output;

        var estimated = Estimate().Match(output);
        var bytes = double.Parse(estimated.Groups[1].Value, CultureInfo.InvariantCulture) * (estimated.Groups[2].Value == "GiB" ? 1 << 30
            : 1 << 20);
        var measured = double.Parse(Peak().Match(output).Groups[1].Value, CultureInfo.InvariantCulture) * 1024;
        (bytes / measured)
            .ShouldBeInRange(1 / Factor, Factor, $"estimated {bytes / (1 << 20):F0} MiB, measured {measured / (1 << 20):F0} MiB");
    }

    [Fact]
    public void A_run_that_runs_out_of_memory_ends_after_a_few_tries_with_one_sentence_that_names_it()
    {
        string[] arguments = TrainedRuns.Small("short-of-memory", "model.depth=8", "checkpoints.snapshot_every=2");
        using var process =
            real.StartIn("", "bash", ["-c", "ulimit -d 1100000; exec dotnet \"$@\"", "bash", RealRun.Program, .. arguments]);
        var outcome = Outcome.Of(process);
        outcome.ShouldRefuse("ran out of memory 3 times", "MiB", "checkpoints.snapshots", "training.micro_batch");
        outcome.Error.ShouldNotContain("frame #");
    }

    // The same program where the native library of the kernels is not to be found.
    private string WithoutKernels()
    {
        var copy = real.At("without-kernels");
        if (!Directory.Exists(copy))
        {
            using var process = real.StartIn("", "cp", ["--archive", AppContext.BaseDirectory, copy]);
            Outcome.Of(process).ShouldSucceed();
            File.Delete(Path.Combine(copy, "libactortrain_kernels.so"));
        }

        return Path.Combine(copy, "actortrain.dll");
    }

    [GeneratedRegex(@"memory: about ([0-9.]+) ([GM]iB)")]
    private static partial Regex Estimate();

    [GeneratedRegex(@"peak ([0-9]+)")]
    private static partial Regex Peak();
}
