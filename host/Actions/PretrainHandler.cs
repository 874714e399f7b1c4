using ActorTrain.Actors.Run;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Chaos;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Control;
using ActorTrain.Host.Memory;
using ActorTrain.Host.Pretraining;
using ActorTrain.Host.Progress;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Machine;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Actions;

/// <summary><c>actortrain pretrain</c>: begins a run, or goes on with it.</summary>
internal static class PretrainHandler
{
    public static int Run(PretrainRequest request, CommandContext context)
    {
        var asked = RunFile.Read(request.RunFile, request.Overrides);
        var directory = new RunDirectory(asked.Run.Output, asked.Run.Name);
        var started = File.Exists(directory.ConfigurationFile) ? RunFile.Read(directory.ConfigurationFile, []) : null;
        var configuration = started is null
            ? asked
            : RunFile.ReadAgain(request.RunFile, request.Overrides, started, () => PretrainRun.StepsOf(directory, started with { Journal = asked.Journal }), request.ExtendTo);
        using var data = TokenStore.Open(configuration.Data.Path);
        var model = configuration.ModelFor(data.Tokenizer.VocabularySize);
        data.Train.SampleCount(model.ContextLength);

        var hasCheckpoints = CheckResume(request, directory, started, configuration);
        if (request.ExtendTo is { } steps && ControlClient.Ask(directory, OperatorRequests.Of(new ExtendRun(steps))) is { } answer)
        {
            context.Output.WriteLine(answer.Sentence);
            return ExitCode.Success;
        }

        var environment = NumericEnvironment.Choose(configuration.Training.Numerics, configuration.Training.Device, configuration.Training.Threads, configuration.Trainers.Count);

        var memory = new MemoryCheck(request.Force);
        var needed = memory.RequireToTrain(configuration, model, environment.IsFused, File.Exists(directory.ConfigurationFile));

        using var progress = TrainingProgress.For(context);
        using var stop = new StopSignal(() => progress.Note("Stopping: the step is finished and saved; a second signal ends at once."));
        data.Verify(stop.Token);
        using var runLock = directory.Lock();
        using var chaos = ChaosLife.OfProcess(directory, configuration.Journal.Connection);
        using var run = new PretrainRun(
            configuration, environment, data, directory, progress, context.Time, memory, runLock.WasKilledForMemory, chaos, request.ExtendTo);

        // Nothing is written before this: the checkpoint may yet refuse the data.
        if (runLock.WasKilledForMemory)
            progress.Warning($"{OutOfMemoryKills.Sentence} This run needs about {MemoryPlan.Words(needed.Bytes)} ({needed}).");
        var resumed = run.Restore();
        if (!resumed && request.Resume == ResumeMode.Required)
            throw new UserErrorException($"All checkpoints of {directory.Path} are damaged, so there is none to resume from; leave --resume out to begin the run again.");
        if (!resumed && hasCheckpoints)
            progress.Warning($"all checkpoints of {directory.Path} are damaged; the run begins again at step 0.");
        runLock.MarkRunning();
        Record(directory, configuration, data, resumed);
        if (run.Step >= run.Steps)
        {
            runLock.MarkFinished();
            progress.Note($"{directory.Path} has taken all of its {run.Steps} steps already.");
        }
        else if (run.Train(scale => new RunFileReload(request.RunFile, request.Overrides, configuration, scale, () => PretrainRun.StepsOf(directory, configuration)), stop.Token))
        {
            runLock.MarkFinished();
            progress.Note($"{directory.Path} has taken all of its {run.Step} steps; `actortrain generate {NameOf(configuration)}` lets it write.");
        }
        else
        {
            progress.Note($"{directory.Path} is saved after step {run.Step}; the same command goes on from there.");
        }

        return ExitCode.Success;
    }

    /// <returns>Whether there are checkpoints, whole or not.</returns>
    private static bool CheckResume(PretrainRequest request, RunDirectory directory, RunConfiguration? started, RunConfiguration configuration)
    {
        var mode = request.Resume;
        var checkpoints = new CheckpointArchive(directory.CheckpointsDirectory).List().Count > 0;
        if (mode == ResumeMode.Required && !checkpoints)
            throw new UserErrorException($"{directory.Path} has no checkpoint to resume from; leave --resume out to begin it.");
        if (mode == ResumeMode.Fresh && checkpoints)
            throw new UserErrorException($"{directory.Path} holds checkpoints already; choose another run.name, or leave --fresh out to go on with it.");
        if (started is not null)
            RunConfiguration.RequireSameResult(started, configuration);
        else if (checkpoints)
            throw new UserErrorException($"{directory.Path} holds checkpoints but no run.yaml, as an imported model does, so it cannot be gone on with; choose another run.name.");
        else if (request.ExtendTo is not null)
            throw new UserErrorException($"There is no run in {directory.Path} to extend; leave --extend-to out to begin it, or give the run file and run.name of one that exists.");
        return checkpoints;
    }

    // As the run is named on the command lines that come after.
    private static string NameOf(RunConfiguration configuration) =>
        configuration.Run.Output == "runs" ? configuration.Run.Name : configuration.Run.Directory;

    // The run keeps its configuration and tokenizer, so that it can be read wherever its folder is taken.
    private static void Record(RunDirectory directory, RunConfiguration configuration, TokenStore data, bool resumed)
    {
        if (!resumed || !Directory.Exists(directory.TokenizerDirectory))
            directory.WriteTokenizer(data.Tokenizer.Save);
        directory.WriteConfiguration(CanonicalYaml.Write(configuration));
    }
}
