using ActorTrain.Actors.Hosting;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Memory;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

/// <summary>What a command is to train, read and checked; changes nothing.</summary>
internal sealed record TrainPlan(
    TrainingStage Stage, RunConfiguration Configuration, RunDirectory Run, TokenStore Data, ModelOptions Model, NodesSetup? Nodes)
    : IDisposable
{
    private bool IsForced { get; init; }

    /// <summary>How this process takes part in elections; null if nobody but it may lead.</summary>
    public ControlHostOptions? Control { get; private init; }

    /// <summary>What to tell the user of the certificate of this process; null for nothing.</summary>
    public string? Warning { get; private init; }

    /// <summary>Whether the run has checkpoints, intact or not.</summary>
    public bool HasCheckpoints { get; private init; }

    /// <exception cref="UserErrorException">Something is wrong with what is given, or does not fit the run that there is.</exception>
    public static TrainPlan Read(TrainingStage stage, TrainRequest request, TimeProvider time)
    {
        var asked = RunFile.Read(request.RunFile, request.Overrides);
        var directory = new RunDirectory(asked.Run.Output, asked.Run.Name);
        var started = File.Exists(directory.ConfigurationFile) ? RunFile.Read(directory.ConfigurationFile, []) : null;
        var configuration = started is null
            ? asked
            : RunFile.ReadAgain(request.RunFile, request.Overrides, started,
                () => RunProcess.StepsOf(directory, started with { Journal = asked.Journal }), request.ExtendTo);
        var credentials = NodesSetup.CredentialsOf(configuration, request.Nodes, time);
        var nodes = NodesSetup.Of(configuration, request.Nodes, credentials);
        var control = ControlProcess.OptionsOf(configuration, request.At, directory, credentials);
        var data = TokenStore.Open(configuration.Data.Path);
        try
        {
            data.RequireKind($"actortrain {stage.Command}", [.. stage.Kinds]);
            stage.RequireOutput(configuration.Model.Output);
            RequireBase(stage, configuration, directory, data);
            var model = stage.ModelOf(configuration, data.Tokenizer.VocabularySize);
            if (stage == TrainingStage.Reinforcing)
                _ = new RolloutSetup(configuration, data);
            else
                TrainingData.RequireContext(data, model);
            return new TrainPlan(stage, configuration, directory, data, model, nodes)
            {
                IsForced = request.Force,
                Control = control,
                Warning = credentials?.Warning,
                HasCheckpoints = CheckResume(request, directory, started, configuration),
            };
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    /// <summary>Chooses how this machine computes it.</summary>
    /// <exception cref="UserErrorException">It has too little memory, or not the kernels.</exception>
    public PreparedTraining Prepare()
    {
        var environment = NumericEnvironment.Choose(Configuration.Training.Compute, Configuration.Trainers.Count);
        if (Stage == TrainingStage.Reinforcing)
            RolloutSetup.RequireKernels(environment);
        var faster = Configuration.Training.Precision is null ? FasterPrecision.Measure(environment.Device) : null;
        var configuration = Configuration.ChoosePrecision(() => faster!.Chosen);
        var memory = new MemoryCheck(IsForced);
        var needed = memory.RequireToTrain(
            configuration, Model, environment.IsFused, File.Exists(Run.ConfigurationFile),
            TrainingStage.SequencesOf(Data, configuration), Stage == TrainingStage.Reinforcing);
        return new PreparedTraining(configuration, environment, memory, needed, faster);
    }

    public void Dispose() => Data.Dispose();

    /// <returns>Whether there are checkpoints, intact or not.</returns>
    private static bool CheckResume(TrainRequest request, RunDirectory directory, RunConfiguration? started,
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

    /// <exception cref="UserErrorException">The stage needs a base model and has none, or one whose tokenizer is not that of the
    /// data.</exception>
    private static void RequireBase(TrainingStage stage, RunConfiguration configuration, RunDirectory directory, TokenStore data)
    {
        var model = configuration.Base;
        if (model.Digest.Length == 0)
        {
            if (stage.NeedsBase)
                throw new UserErrorException("base.model is missing: set it to the run, or the folder of the checkpoint, that "
                    + $"`actortrain {stage.Command}` starts from.");
            return;
        }

        var tokenizers = Directory.Exists(directory.TokenizerDirectory) ? directory.TokenizerDirectory
            : NamedRun.Find(model.Model).Directory.TokenizerDirectory;
        if (Directory.Exists(tokenizers))
        {
            using var tokenizer = TokenizerFolder.Load(tokenizers);
            data.RequireTokenizer(tokenizer.Identity, model.Model);
        }

        if (model.Vocabulary < data.Tokenizer.VocabularySize)
        {
            throw new UserErrorException($"{model.Model} has {model.Vocabulary} token ids, but the tokenizer of {data.Folder} has "
                + $"{data.Tokenizer.VocabularySize}: prepare the data with the model's tokenizer "
                + $"(`actortrain prepare --tokenizer-from {model.Model}`).");
        }
    }
}

/// <param name="Configuration">With the precision that was chosen.</param>
/// <param name="Needed">Memory.</param>
/// <param name="Faster">How the precision was chosen; null if it was given.</param>
internal sealed record PreparedTraining(
    RunConfiguration Configuration, NumericEnvironment Environment, MemoryCheck Memory, MemoryPlan Needed, FasterPrecision? Faster);
