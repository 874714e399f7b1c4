using System.Diagnostics;
using System.Globalization;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>Runs that are begun, resumed, refused, listed and drawn.</summary>
[Collection(nameof(TrainedRuns))]
public sealed class RunTests(TrainedRuns real)
{
    [Fact]
    public void Every_step_has_its_row_and_retention_keeps_the_newest_and_those_kept_for_good()
    {
        real.MetricSteps("gpt2").ShouldBe(Enumerable.Range(1, TrainedRuns.Steps));

        // The newest two, of which a slow disk may have left some out, and step 20 for good.
        var checkpoints = real.Checkpoints("gpt2").Select(Path.GetFileName).ToList();
        (checkpoints[0], checkpoints[^1]).ShouldBe(("step-00000020", "step-00000040"));
        checkpoints.Count.ShouldBeInRange(2, 3);
        var rows = real.Metrics("gpt2");
        rows.Where(static row => row.TryGetProperty("held_out_loss", out _)).Select(static row => row.GetProperty("step").GetInt32())
            .ShouldBe([20, 40]);

        // What rules may look at is measured in every run: parts of the gradient are smaller than all of it, and the worst lane is worse
        // than their mean.
        foreach (var row in rows.Where(static row => row.TryGetProperty("loss", out _)))
        {
            row.GetProperty("lane_loss").GetDouble().ShouldBeGreaterThan(row.GetProperty("loss").GetDouble());
            foreach (var part in (string[])["embedding_norm", "block_norm"])
                row.GetProperty(part).GetDouble().ShouldBeInRange(1e-9, row.GetProperty("gradient_norm").GetDouble());
        }
    }

    [Fact]
    public void A_finished_run_stays_finished_whatever_is_asked_of_it()
    {
        var before = real.Snapshot();
        real.Run(TrainedRuns.Small("gpt2")).ShouldSucceed().Output.ShouldContain("finished all 40 steps");
        real.Run([.. TrainedRuns.Small("gpt2"), "--resume"]).ShouldSucceed();
        real.Snapshot().ShouldBe(before);

        real.Run(TrainedRuns.Small("gpt2", "training.seed=8", "model.family=llama", "model.tie_embeddings=true"))
            .ShouldRefuse("model.family (gpt2 in the run, llama now)", "training.seed (1 in the run, 8 now)");
        real.Run([.. TrainedRuns.Small("gpt2"), "--fresh"]).ShouldRefuse("runs/gpt2", "--fresh");
        real.Run([.. TrainedRuns.Small("new"), "--resume"]).ShouldRefuse("runs/new", "--resume");
        real.Run([.. TrainedRuns.Small("new"), "--resume", "--fresh"]).ShouldRefuse("--resume and --fresh");
        real.Snapshot().ShouldBe(before);
    }

    [Fact]
    public void Other_data_are_refused_and_moved_data_are_not()
    {
        real.Run("prepare", "--input", "text.txt", "--output", "other", "--tokenizer", "bytes", "--held-out", "0.3").ShouldSucceed();
        real.Run("prepare", "--input", "text.txt", "--output", "moved", "--tokenizer", "bytes").ShouldSucceed();
        var copy = real.CopyTo("moving", "gpt2");
        var before = real.Snapshot();
        real.Run(Resume(copy, "data.path=other")).ShouldRefuse("other is not the data that", "data.path");
        real.Snapshot().ShouldBe(before);

        real.Run(Resume(copy, "data.path=moved")).ShouldSucceed();
        File.ReadAllText(real.At(copy, "run.yaml")).ShouldContain("path: \"moved\"");
    }

    [Fact]
    public void A_batch_larger_than_the_data_is_warned_of_and_the_audit_says_how_often_samples_were_read()
    {
        File.WriteAllText(real.At("few.txt"), new string('x', 160));
        real.Run("prepare", "--input", "few.txt", "--output", "few", "--tokenizer", "bytes", "--held-out", "0").ShouldSucceed();
        real.Run(TrainedRuns.Small("few", "data.path=few", "training.steps=5", "training.warmup_steps=1", "evaluation.every=0"))
            .ShouldSucceed()
            .Output.ShouldContain("training.batch is 8, but few has only 5 samples of 32 tokens");
        var audit = real.Run("audit", "few").ShouldSucceed().Output;
        audit.ShouldContain("40 positions of the sample stream, each read once");
        audit.ShouldContain("the data has 5 samples; read once each: all in each of 8 epochs\n");
        audit.ShouldContain("the same sample up to 3 times");
        real.Run("audit", "gpt2").ShouldSucceed().Output.ShouldNotContain("the same sample");
    }

    [Fact]
    public void A_run_that_another_process_trains_is_refused_and_listed_as_running()
    {
        string[] endless = TrainedRuns.Small("locked", "training.steps=1000000", "evaluation.every=0");
        using var trainer = real.Start(endless);
        try
        {
            WaitFor(trainer, "step 1/");

            // Held still, so that nothing but the second process could change the folder.
            Signal(trainer, "STOP");
            var before = real.Snapshot();
            real.Run(endless).ShouldRefuse("runs/locked", "is being trained by another process");
            real.State("locked").ShouldBe("running");
            real.Snapshot().ShouldBe(before);

            // Its control socket is still its own.
            Signal(trainer, "CONT");
            real.Run("status", "locked").ShouldSucceed().Output.ShouldContain("trainer-0: training");
        }
        finally
        {
            trainer.Kill();
            trainer.WaitToEnd();
        }

        // The killed process leaves its socket.
        File.Exists(real.At("runs", "locked", "control.sock")).ShouldBeTrue();
        real.Run("status", "locked").ShouldSucceed().Output.ShouldStartWith("runs/locked: killed");
        real.State("locked").ShouldBe("killed");
    }

    [Fact]
    public void Runs_lists_each_run_with_its_state_step_loss_and_checkpoint()
    {
        var line = real.Listed("gpt2");
        line[1..3].ShouldBe(["finished", "40"]);
        double.Parse(line[3], System.Globalization.CultureInfo.InvariantCulture).ShouldBeInRange(0, 3);
        line[4].ShouldBe("40");
        real.Run("runs", "--output", "nowhere").ShouldSucceed().Output.ShouldContain("no runs in nowhere");
    }

    [Fact]
    public void Portable_numerics_stand_in_the_fingerprint_and_two_processes_have_the_same_weights()
    {
        foreach (var name in new[] { "portable", "portable-again" })
            real.Run(TrainedRuns.Small(name, "training.numerics=portable")).ShouldSucceed();
        real.NewestWeights("portable-again").ShouldBe(real.NewestWeights("portable"));
        var fingerprint = real.NewestManifest("portable").Manifest.GetProperty("fingerprint");
        fingerprint.GetProperty("oneDnn").GetString().ShouldEndWith(", AVX2");
        fingerprint.GetProperty("blas").GetString().ShouldEndWith(", CBWR AVX2,STRICT");
        fingerprint.GetProperty("aten").GetString().ShouldBe("AVX2");
        fingerprint.GetProperty("kernels").GetString().ShouldBe("x86-64-v3");
        real.NewestManifest("gpt2").Manifest.GetProperty("fingerprint").GetProperty("blas").GetString().ShouldEndWith(", CBWR OFF");
        real.Run(TrainedRuns.Small("portable")).ShouldRefuse("training.numerics (portable in the run, fast now)");
    }

    [Fact]
    public void Activations_may_be_computed_again_from_any_resume_on_without_a_change_of_bits()
    {
        var copy = real.CopyTo("recompute", "gpt2");
        foreach (var recompute in new[] { "mlp", "block" })
        {
            foreach (var later in real.Checkpoints(Beside(copy)).Skip(1))
                Directory.Delete(later, recursive: true);
            real.Run(Resume(copy, $"training.recompute={recompute}")).ShouldSucceed();
            real.NewestWeights(Beside(copy)).ShouldBe(real.NewestWeights("gpt2"), recompute);
        }

        real.Run(TrainedRuns.Small("recompute-cuda", "training.recompute=block", "training.device=cuda"))
            .ShouldRefuse("training.recompute", "training.device is cuda");
    }

    [Fact]
    public void A_precision_that_the_program_chooses_is_recorded_and_kept()
    {
        string[] settings = ["training.precision=auto", "training.steps=10"];
        real.Run(TrainedRuns.Small("auto", settings)).ShouldSucceed().Output.ShouldContain("training.precision auto: ");
        var recorded = File.ReadAllText(real.At("runs", "auto", "run.yaml"));
        var (chosen, other) = recorded.Contains("precision: bfloat16", StringComparison.Ordinal) ? ("bfloat16", "float32")
            : ("float32", "bfloat16");
        recorded.ShouldContain($"precision: {chosen}");
        real.Run(TrainedRuns.Small("auto", settings)).ShouldSucceed().Output.ShouldNotContain("training.precision");
        real.Run(TrainedRuns.Small("auto", [.. settings, $"training.precision={chosen}"])).ShouldSucceed();
        real.Run(TrainedRuns.Small("auto", [.. settings, $"training.precision={other}"])).ShouldRefuse("training.precision");
    }

    [Fact]
    public void A_run_resumed_with_other_threads_and_trainers_warns_of_nothing_and_ends_with_the_same_weights()
    {
        var copy = real.CopyTo("threads", "gpt2");
        var expected = real.NewestWeights("gpt2");
        foreach (var (threads, trainers) in new[] { (2, 1), (0, 3) })
        {
            // Which others there are depends on how fast the disk is.
            Directory.Delete(real.Checkpoints(Beside(copy))[^1], recursive: true);
            var newest = real.NewestManifest(Beside(copy)).Step;
            var resumed = real.Run(Resume(copy, $"training.threads={threads}", $"trainers.count={trainers}")).ShouldSucceed();
            resumed.Output.ShouldContain($"resuming after step {newest}");
            resumed.Output.ShouldNotContain("warning");
            real.NewestWeights(Beside(copy)).ShouldBe(expected);
        }

        real.MetricSteps(Beside(copy)).ShouldBe(Enumerable.Range(1, TrainedRuns.Steps));
    }

    [Fact]
    public void Without_the_fused_kernels_any_number_of_trainers_and_threads_ends_with_the_same_weights_and_their_return_is_warned_of()
    {
        var program = ProgramWithoutKernels();
        Outcome Train(string name, params string[] settings)
        {
            using var process = real.StartIn("", "dotnet", [program, .. TrainedRuns.Small(name, settings)]);
            return Outcome.Of(process).ShouldSucceed();
        }

        Train("reference", "training.threads=0");
        var expected = real.NewestWeights("reference");
        real.NewestManifest("reference").Manifest.GetProperty("fingerprint").GetProperty("kernels").GetString().ShouldBe("none");
        foreach (var (threads, trainers) in new[] { (1, 2), (4, 3) })
        {
            var name = $"reference-{threads}-{trainers}";
            Train(name, $"training.threads={threads}", $"trainers.count={trainers}");
            real.NewestWeights(name).ShouldBe(expected);
        }

        Directory.Delete(real.Checkpoints("reference")[^1], recursive: true);
        var resumed = real.Run(TrainedRuns.Small("reference")).ShouldSucceed();
        resumed.Output.ShouldContain("warning: the numeric fingerprint differs");
        resumed.Output.ShouldContain("kernels: none → x86-64-v");
        real.NewestManifest("reference").Step.ShouldBe(TrainedRuns.Steps);
    }

    [Fact]
    public void A_run_that_was_killed_before_its_first_checkpoint_begins_again()
    {
        var copy = real.CopyTo("early", "gpt2");
        Directory.Delete(real.At(copy, "checkpoints"), recursive: true);

        real.Run("generate", copy).ShouldRefuse($"{copy} has no checkpoint yet", "actortrain pretrain");
        real.Run("eval", copy).ShouldRefuse($"{copy} has no checkpoint yet");
        real.Run("export", copy, "--output", "new").ShouldRefuse($"{copy} has no checkpoint yet");
        real.Run([.. Resume(copy), "--resume"]).ShouldRefuse("no checkpoint to resume from");
        real.Run(Resume(copy)).ShouldSucceed();
        real.NewestWeights(Beside(copy)).ShouldBe(real.NewestWeights("gpt2"));
    }

    [Fact]
    public void An_altered_checkpoint_is_passed_over_with_a_warning_by_whoever_reads_the_run()
    {
        var copy = real.CopyTo("altered", "gpt2");
        var checkpoints = real.Checkpoints(Beside(copy));
        Damage(checkpoints[^1]);
        var read = real.Run("eval", copy).ShouldSucceed();
        read.Output.ShouldStartWith(
            $"step {int.Parse(Path.GetFileName(checkpoints[^2])["step-".Length..], CultureInfo.InvariantCulture)}:");
        read.Error.ShouldStartWith("actortrain: warning: ");
        read.Error.ShouldContain("step-00000040");
        real.Run("eval", $"{copy}/checkpoints/step-00000040").ShouldRefuse("step-00000040");
        real.Run("generate", $"{copy}/checkpoints/step-00000020", "--tokens", "3").ShouldSucceed().Error.ShouldBeEmpty();
    }

    [Fact]
    public void Plot_draws_a_run_as_SVG_and_PNG()
    {
        real.Run("plot", "gpt2").ShouldSucceed();
        var svg = File.ReadAllText(real.At("runs", "gpt2", "plot.svg"));
        svg.ShouldContain("validation");
        System.Xml.Linq.XDocument.Parse(svg).Root!.Name.LocalName.ShouldBe("svg");
        real.Run("plot", "gpt2", "--output", "gpt2.png").ShouldSucceed();
        File.ReadAllBytes(real.At("gpt2.png"))[..8].ShouldBe([0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n']);
        File.Delete(real.At("runs", "gpt2", "plot.svg"));
    }

    private static void WaitFor(Process process, string words)
    {
        while (process.ReadLine() is { } line)
        {
            if (line.Contains(words, StringComparison.Ordinal))
                return;
        }

        throw new InvalidOperationException(
            $"It never said '{words}': {process.Result(process.StandardError.ReadToEndAsync(), "did not end its errors")}");
    }

    [Fact]
    public void A_run_of_which_every_checkpoint_is_damaged_begins_again_only_where_it_may()
    {
        var copy = real.CopyTo("damaged", "gpt2");
        foreach (var checkpoint in real.Checkpoints(Beside(copy)))
            Damage(checkpoint);

        var before = real.Snapshot();
        real.Run([.. Resume(copy), "--resume"]).ShouldRefuse($"All checkpoints of {copy} are damaged", "--resume");
        real.Snapshot().ShouldBe(before);

        real.Run(Resume(copy)).ShouldSucceed().Output.ShouldContain($"warning: all checkpoints of {copy} are damaged");
        real.NewestWeights(Beside(copy)).ShouldBe(real.NewestWeights("gpt2"));
        real.MetricSteps(Beside(copy)).ShouldBe(Enumerable.Range(1, TrainedRuns.Steps));
    }

    [Fact]
    public void Damaged_checkpoints_do_not_push_out_the_whole_one()
    {
        string[] settings = ["checkpoints.keep=3", "checkpoints.keep_every=0", "checkpoints.every=1", "training.steps=120"];
        real.Run(TrainedRuns.Small("torn", settings)).ShouldSucceed();
        var checkpoints = real.Checkpoints("torn");
        checkpoints.Length.ShouldBe(3);
        Damage(checkpoints[1]);
        Damage(checkpoints[2]);

        // It resumes from the first and saves none before its end.
        real.Run(TrainedRuns.Small("torn", [.. settings, "checkpoints.every=0", "checkpoints.keep=2"])).ShouldSucceed();
        real.Checkpoints("torn").ShouldBe([checkpoints[0], checkpoints[2]]);
        real.Run("eval", checkpoints[0]).ShouldSucceed();
    }

    [Fact]
    public void A_run_whose_metrics_cannot_be_written_is_saved_and_stops()
    {
        // A checkpoint of the tiny model, and the journal, are smaller than the metrics of its steps become; the runtime itself maps a
        // large file unless told not to.
        string[] tiny = ["model.layers=1", "model.width=8", "model.heads=1", "model.mlp_width=8", "training.steps=100000",
            "checkpoints.every=0", "evaluation.every=0"];
        string[] command = ["dotnet", RealRun.Program, .. TrainedRuns.Small("full", tiny)];
        using var process =
            real.StartIn("", "bash", ["-c", "trap '' XFSZ; ulimit -f 512; DOTNET_EnableWriteXorExecute=0 exec \"$@\"", "bash", .. command]);
        Outcome.Of(process)
            .ShouldRefuse("saved", "after step", "Cannot write to the metrics file runs/full/metrics.jsonl: the file would be larger");

        // Trainers are ahead of the files by a step or two; what these lack is left to the next start, which writes it.
        var (step, _) = real.NewestWeights("full");
        var rows = real.MetricSteps("full").ToList();
        rows.ShouldBe(Enumerable.Range(1, rows.Count));
        rows.Count.ShouldBeInRange(1, (int)step - 1);
        real.State("full").ShouldBe("stopped");

        using var again = real.Start(TrainedRuns.Small("full", tiny));
        WaitFor(again, $"step {step + 1}/");
        Signal(again, "TERM");
        again.ReadToEnd();
        again.WaitToEnd();
        var taken = (int)real.NewestWeights("full").Step;
        real.MetricSteps("full").ShouldBe(Enumerable.Range(1, taken));
        real.Run("audit", "full").ShouldSucceed();
    }

    internal static void FlipBit(string path, long position)
    {
        using var file = File.Open(path, FileMode.Open);
        file.Position = position;
        var value = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(value ^ 1));
    }

    // The program without the kernels' library, as an argument of `dotnet`.
    private string ProgramWithoutKernels()
    {
        var folder = Directory.CreateDirectory(real.At("program-without-kernels")).FullName;
        foreach (var file in Directory.GetFiles(AppContext.BaseDirectory)
            .Where(static file => Path.GetFileName(file) != "libactortrain_kernels.so"))
        {
            // The loader goes by where a managed library really is.
            var target = Path.Combine(folder, Path.GetFileName(file));
            if (Path.GetFileName(file).StartsWith("lib", StringComparison.Ordinal))
                File.CreateSymbolicLink(target, file);
            else
                File.Copy(file, target);
        }

        return Path.Combine(folder, "actortrain.dll");
    }

    // What continues a copy of a run, which is not in the folder of all runs.
    private static string[] Resume(string copy, params string[] more) =>
        TrainedRuns.Small(Path.GetFileName(copy), [$"run.output={Path.GetDirectoryName(copy)}", .. more]);

    private static string Beside(string copy) => $"../{copy}";

    private static void Damage(string checkpoint)
    {
        var weights = Path.Combine(checkpoint, "weights.safetensors");
        FlipBit(weights, new FileInfo(weights).Length - 9);
    }

    private static void Signal(Process process, string name) => Process.Start("kill", [$"-{name}", $"{process.Id}"])!.WaitToEnd();
}
