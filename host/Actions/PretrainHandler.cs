using ActorTrain.Data.Shards;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Pretraining;
using ActorTrain.Host.Progress;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Actions;

/// <summary><c>actortrain pretrain</c>: begins a run, or goes on with it.</summary>
internal static class PretrainHandler
{
    public static int Run(PretrainRequest request, CommandContext context)
    {
        var configuration = RunFile.Read(request.RunFile, request.Overrides);
        using var data = TokenStore.Open(configuration.Data.Path);
        var model = configuration.ModelFor(data.Tokenizer.VocabularySize);
        data.Train.SampleCount(model.ContextLength);

        var directory = new RunDirectory(configuration.Run.Output, configuration.Run.Name);
        CheckResume(request.Resume, directory, configuration);
        var environment = NumericEnvironment.Choose(configuration.Training.Numerics, configuration.Training.Device, configuration.Training.Threads);

        using var runLock = directory.Lock();
        Record(directory, configuration, data);
        using var progress = TrainingProgress.For(context);
        using var run = new PretrainRun(configuration, environment, data, directory, progress, context.Time);
        run.Restore();
        if (run.Step >= configuration.Training.Steps)
        {
            context.Output.WriteLine($"{directory.Path} has taken all of its {configuration.Training.Steps} steps.");
            runLock.MarkFinished();
            return ExitCode.Success;
        }

        using var stop = new StopSignal(run.Note);
        if (run.Train(directory.MetricsFile, stop.Token))
        {
            runLock.MarkFinished();
            progress.Note($"{directory.Path} has taken all of its {configuration.Training.Steps} steps; `actortrain generate {configuration.Run.Name}` lets it write.");
        }
        else
        {
            progress.Note($"{directory.Path} is saved after step {run.Step}; the same command goes on from there.");
        }

        return ExitCode.Success;
    }

    private static void CheckResume(ResumeMode mode, RunDirectory directory, RunConfiguration configuration)
    {
        var exists = File.Exists(directory.ConfigurationFile);
        if (!exists && mode == ResumeMode.Required)
            throw new UserErrorException($"There is no run in {directory.Path} to resume; leave --resume out to begin it.");
        if (!exists)
            return;
        if (mode == ResumeMode.Fresh)
            throw new UserErrorException($"{directory.Path} holds a run already; choose another run.name, or leave --fresh out to go on with it.");
        RunConfiguration.RequireSameResult(RunFile.Read(directory.ConfigurationFile, []), configuration);
    }

    // The run keeps its configuration and tokenizer, so that it can be read wherever its folder is taken.
    private static void Record(RunDirectory directory, RunConfiguration configuration, TokenStore data)
    {
        var tokenizer = Path.Combine(directory.Path, TrainedModel.TokenizerFolderName);
        if (!Directory.Exists(tokenizer))
        {
            var staging = tokenizer + ".writing";
            Directory.CreateDirectory(staging);
            data.Tokenizer.Save(staging);
            Directory.Move(staging, tokenizer);
        }

        var file = directory.ConfigurationFile + ".writing";
        File.WriteAllText(file, CanonicalYaml.Write(configuration));
        File.Move(file, directory.ConfigurationFile, overwrite: true);
    }
}
