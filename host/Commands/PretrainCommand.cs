using System.CommandLine;
using ActorTrain.Chaos;
using ActorTrain.Data.Chats;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Control;
using ActorTrain.Host.Hosting;
using ActorTrain.Host.Memory;
using ActorTrain.Host.Pretraining;
using ActorTrain.Host.Progress;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Machine;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class PretrainCommand
{
    public static CliCommand Define()
    {
        var (file, set) = RunArgument.Configuration();
        var resume = new Option<bool>("--resume")
        {
            Description = "Resume; fail if there is no checkpoint. Without this option, "
                + "an existing run with the same configuration is resumed.",
        };
        var fresh = new Option<bool>("--fresh")
        {
            Description = "Start at step 0; fail if the run already has checkpoints. Nothing is ever deleted: choose another run.name.",
        };
        var extendTo = OptionChecks.Optional<long>(
            "--extend-to", "N", ControlBounds.Steps, "Extend an existing run to N steps in total; the learning rate is explained below.");
        var force = OptionChecks.Force();
        var command = new CliCommand<PretrainRequest>("pretrain", "Pretrain a model, or resume a run that was stopped or killed.", """
            Ctrl-C or SIGTERM finishes the step, saves a checkpoint and exits with 0; a second one exits immediately. After either, and
            after kill -9, the same command resumes the run and ends bit-identical to an undisturbed one. A different configuration
            is rejected with the keys that differ. 'actortrain help config' lists every key with its default.

            --extend-to N extends an existing run, whether it is finished, stopped, killed or being trained by another
            process. It takes effect at the current step S, once it is in the journal. Steps before S keep their
            learning rates, also when they are redone. From S, the rate moves linearly, over as many steps as the
            warm-up has, from the current schedule to that of a run with N steps from its start, and then follows the
            latter, so a finished run warms up and decays again. Formally, with W steps of warm-up: step t has the
            rate a*c(t) + (1-a)*f(t), where a = min(1, (t-S+1) / min(W, N-S)), c is the schedule of a run of N steps and f the
            previous one. The warm-up never changes, and the run file may keep its training.steps or give N. The same command
            resumes the run after a kill.

            Examples:
              actortrain pretrain run.yaml
              actortrain pretrain run.yaml --set run.name=wide --set model.depth=8 --set training.precision=bfloat16
              actortrain pretrain --set data.path=data/book --set training.steps=500
              actortrain pretrain run.yaml --extend-to 4000
            """,
            line => new PretrainRequest(
                line.GetValue(file), line.GetValue(set) ?? [],
                line.GetValue(resume) ? ResumeMode.Required : line.GetValue(fresh) ? ResumeMode.Fresh : ResumeMode.WhenPossible,
                line.GetValue(extendTo), line.GetValue(force)),
            Run) { file, set, resume, fresh, extendTo, force };
        command.Validators.Add(line =>
        {
            if (line.GetValue(resume) && line.GetValue(fresh))
                line.AddError("--resume and --fresh are mutually exclusive; pass one of them");
            if (line.GetResult(extendTo) is not null && line.GetValue(fresh))
                line.AddError("--extend-to and --fresh are mutually exclusive; pass one of them");
            if (line.GetValue(file) is null && line.GetValue(set) is not { Length: > 0 })
                line.AddError("pretrain needs a run file, or --set for the data to train on");
        });
        return command;
    }

    public static int Run(PretrainRequest request, CommandContext context)
    {
        var asked = RunFile.Read(request.RunFile, request.Overrides);
        var directory = new RunDirectory(asked.Run.Output, asked.Run.Name);
        var started = File.Exists(directory.ConfigurationFile) ? RunFile.Read(directory.ConfigurationFile, []) : null;
        var configuration = started is null
            ? asked
            : RunFile.ReadAgain(request.RunFile, request.Overrides, started,
                () => PretrainRun.StepsOf(directory, started with { Journal = asked.Journal }), request.ExtendTo);
        using var data = TokenStore.Open(configuration.Data.Path);
        data.RequireKind("actortrain pretrain", DataKind.Text);
        var model = configuration.ModelFor(data.Tokenizer.VocabularySize);
        data.Train.SampleCount(model.ContextLength);

        var hasCheckpoints = CheckResume(request, directory, started, configuration);
        if (request.ExtendTo is { } steps && ControlClient.Ask(directory, ControlApi.Extend, new ExtendBody(steps)) is { } answer)
        {
            context.Output.WriteLine(answer.Message);
            return ExitCode.Success;
        }

        var environment = NumericEnvironment.Choose(configuration.Training.Compute, configuration.Trainers.Count);
        var faster = configuration.Training.Precision is null ? FasterPrecision.Measure(environment.Device) : null;
        configuration = configuration.ChoosePrecision(() => faster!.Chosen);
        var memory = new MemoryCheck(request.Force);
        var needed = memory.RequireToTrain(configuration, model, environment.IsFused, File.Exists(directory.ConfigurationFile));

        using var progress = TrainingProgress.For(context);
        using var stop = new StopSignal(() => progress.Note("Stopping: finishing the step and saving a checkpoint; "
            + "a second signal exits immediately."));
        if (faster is not null)
            progress.Note($"{faster}");
        data.Verify(stop.Token);
        using var runLock = directory.Lock();
        using var chaos = ChaosProcess.OfProcess(directory, configuration.Journal.Connection);
        var run = new PretrainRun(
            configuration, environment, data, directory, progress, context.Time, memory, runLock.WasKilledForMemory, chaos,
                request.ExtendTo);

        // Nothing is written before this: the data may not match the checkpoint.
        if (runLock.WasKilledForMemory)
            progress.Warning($"{OutOfMemoryKills.Sentence} This run needs about {MemoryPlan.Words(needed.Bytes)} ({needed}).");
        var resumed = run.Restore();
        if (!resumed && request.Resume == ResumeMode.Required)
            throw new UserErrorException($"All checkpoints of {directory.Path} are damaged, so the run cannot resume; "
                + $"omit --resume to start again at step 0.");
        if (!resumed && hasCheckpoints)
            progress.Warning($"all checkpoints of {directory.Path} are damaged; starting again at step 0.");
        runLock.MarkRunning();
        Record(directory, configuration, data, resumed);
        if (run.Step >= run.Steps)
        {
            runLock.MarkFinished();
            progress.Note($"{directory.Path} has already finished all {run.Steps} steps.");
        }
        else if (run.Train(scale => new RunFileReload(request.RunFile, request.Overrides, configuration, scale,
            () => PretrainRun.StepsOf(directory, configuration)), stop.Token))
        {
            runLock.MarkFinished();
            progress.Note($"{directory.Path} finished all {run.Step} steps. "
                + $"Run `actortrain generate {NameOf(configuration)}` to sample from it.");
        }
        else
        {
            progress.Note($"Checkpoint of {directory.Path} saved at step {run.Step}. Run the same command to resume.");
        }

        return ExitCode.Success;
    }

    /// <returns>Whether there are checkpoints, intact or not.</returns>
    private static bool CheckResume(PretrainRequest request, RunDirectory directory, RunConfiguration? started,
        RunConfiguration configuration)
    {
        var mode = request.Resume;
        var checkpoints = new CheckpointArchive(directory.CheckpointsDirectory).List().Count > 0;
        if (mode == ResumeMode.Required && !checkpoints)
            throw new UserErrorException($"{directory.Path} has no checkpoint to resume from; omit --resume to start it.");
        if (mode == ResumeMode.Fresh && checkpoints)
            throw new UserErrorException($"{directory.Path} already has checkpoints; choose another run.name, "
                + $"or omit --fresh to resume it.");
        if (started is not null)
            RunConfiguration.RequireSameResult(started, configuration);
        else if (checkpoints)
            throw new UserErrorException($"{directory.Path} has checkpoints but no run.yaml (an imported model has none), so training "
                + $"cannot resume from it; choose another run.name.");
        else if (request.ExtendTo is not null)
            throw new UserErrorException($"There is no run in {directory.Path} to extend; omit --extend-to to start it, or give the run "
                + $"file and run.name of an existing run.");
        return checkpoints;
    }

    // The name to use on later command lines.
    private static string NameOf(RunConfiguration configuration) =>
        configuration.Run.Output == "runs" ? configuration.Run.Name : configuration.Run.Directory;

    // The run keeps its configuration and tokenizer, so that its folder can be moved.
    private static void Record(RunDirectory directory, RunConfiguration configuration, TokenStore data, bool resumed)
    {
        if (!resumed || !Directory.Exists(directory.TokenizerDirectory))
            directory.WriteTokenizer(data.Tokenizer.Save);
        directory.WriteConfiguration(CanonicalYaml.Write(configuration));
    }
}

public enum ResumeMode
{
    /// <summary>Resume if it exists with the same configuration, else begin.</summary>
    WhenPossible,

    /// <summary>Resume; fail if there is nothing to resume from.</summary>
    Required,

    /// <summary>Begin; fail if the run's folder contains checkpoints. Nothing is ever deleted.</summary>
    Fresh,
}

public sealed record PretrainRequest(
    string? RunFile, IReadOnlyList<string> Overrides, ResumeMode Resume, long? ExtendTo = null, bool Force = false);
