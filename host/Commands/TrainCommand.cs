using System.CommandLine;
using ActorTrain.Chaos;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Control;
using ActorTrain.Host.Hosting;
using ActorTrain.Host.Memory;
using ActorTrain.Host.Progress;
using ActorTrain.Host.Runs;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Machine;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

/// <summary>What the commands that train have in common.</summary>
internal static class TrainCommand
{
    /// <param name="details">The rest of its help.</param>
    public static CliCommand Define(TrainingStage stage, string summary, string details)
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
            "--extend-to", "N", ControlBounds.Steps, 
            "Extend an existing run to N steps in total; `actortrain pretrain --help` explains the learning rate.");
        var nodes = OptionChecks.Optional<int>(
            "--nodes", "N", ControlBounds.Nodes,
            "Spread the trainers over N processes of this machine, which are started again whenever they end; "
                + "trainers.count is then N unless it is given.");
        var force = OptionChecks.Force();
        var command = new CliCommand<TrainRequest>(stage.Command, summary, details,
            line => new TrainRequest(
                line.GetValue(file), line.GetValue(set) ?? [],
                line.GetValue(resume) ? ResumeMode.Required : line.GetValue(fresh) ? ResumeMode.Fresh : ResumeMode.WhenPossible,
                line.GetValue(extendTo), line.GetValue(force), line.GetValue(nodes)),
            (request, context) => Run(stage, request, context)) { file, set, resume, fresh, extendTo, nodes, force };
        command.Validators.Add(line =>
        {
            if (line.GetValue(resume) && line.GetValue(fresh))
                line.AddError("--resume and --fresh are mutually exclusive; pass one of them");
            if (line.GetResult(extendTo) is not null && line.GetValue(fresh))
                line.AddError("--extend-to and --fresh are mutually exclusive; pass one of them");
            if (line.GetValue(file) is null && line.GetValue(set) is not { Length: > 0 })
                line.AddError($"{stage.Command} needs a run file, or --set for the data to train on");
        });
        return command;
    }

    private static int Run(TrainingStage stage, TrainRequest request, CommandContext context)
    {
        request = request with { Overrides = [.. stage.Settings, .. request.Overrides] };
        request = request with { Overrides = NodesSetup.WithTrainers(request.RunFile, request.Overrides, request.Nodes) };
        var asked = RunFile.Read(request.RunFile, request.Overrides);
        var directory = new RunDirectory(asked.Run.Output, asked.Run.Name);
        var started = File.Exists(directory.ConfigurationFile) ? RunFile.Read(directory.ConfigurationFile, []) : null;
        var configuration = started is null
            ? asked
            : RunFile.ReadAgain(request.RunFile, request.Overrides, started,
                () => RunProcess.StepsOf(directory, started with { Journal = asked.Journal }), request.ExtendTo);
        var nodes = NodesSetup.Of(configuration, request.Nodes, context.Time);
        if (nodes is not null && stage == TrainingStage.Reinforcing)
            throw new UserErrorException("`actortrain rlhf` does not use nodes yet; omit --nodes and nodes.listen.");
        using var data = TokenStore.Open(configuration.Data.Path);
        data.RequireKind($"actortrain {stage.Command}", [.. stage.Kinds]);
        stage.RequireOutput(configuration.Model.Output);
        RequireBase(stage, configuration, directory, data);
        var model = stage.ModelOf(configuration, data.Tokenizer.VocabularySize);
        if (stage == TrainingStage.Reinforcing)
            _ = new RolloutSetup(configuration, data);
        else
            TrainingData.RequireContext(data, model);

        var hasCheckpoints = CheckResume(request, directory, started, configuration);
        if (request.ExtendTo is { } steps && ControlClient.Ask(directory, ControlApi.Extend, new ExtendBody(steps)) is { } answer)
        {
            context.Output.WriteLine(answer.Message);
            return ExitCode.Success;
        }

        var environment = NumericEnvironment.Choose(configuration.Training.Compute, configuration.Trainers.Count);
        if (stage == TrainingStage.Reinforcing)
            RolloutSetup.RequireKernels(environment);
        var faster = configuration.Training.Precision is null ? FasterPrecision.Measure(environment.Device) : null;
        configuration = configuration.ChoosePrecision(() => faster!.Chosen);
        var memory = new MemoryCheck(request.Force);
        var needed = memory.RequireToTrain(
            configuration, model, environment.IsFused, File.Exists(directory.ConfigurationFile),
            TrainingStage.SequencesOf(data, configuration), stage == TrainingStage.Reinforcing);

        using var progress = TrainingProgress.For(context);
        using var stop = new StopSignal(() => progress.Note("Stopping: finishing the step and saving a checkpoint; "
            + "a second signal exits immediately."));
        if (faster is not null)
            progress.Note($"{faster}");
        data.Verify(stop.Token);
        using var runLock = Leadership.Lock(directory, configuration.Journal, progress, stop.Token);
        using var chaos = ChaosProcess.OfProcess(directory, configuration.Journal.Connection);
        using var term = Leadership.Take(directory, configuration.Journal, chaos?.Connection ?? configuration.Journal.Connection);
        using var yielding = term.Lost.Register(runLock.Yield);
        if (nodes is not null)
            NodesSetup.RequireAddress(configuration);
        var run = new RunProcess(
            configuration, environment, data, directory, progress, context.Time, memory, runLock.WasKilledForMemory, term, chaos,
            request.ExtendTo, nodes);

        // Nothing is written before this: the data may not match the checkpoint.
        if (runLock.WasKilledForMemory)
            progress.Warning($"{OutOfMemoryKills.Sentence} This run needs about {MemoryPlan.Words(needed.Bytes)} ({needed}).");
        var resumed = run.Restore();
        if (!resumed && request.Resume == ResumeMode.Required)
            throw new UserErrorException($"All checkpoints of {directory.Path} are damaged, so the run cannot resume; "
                + $"omit --resume to start again at step 0.");
        if (!resumed && hasCheckpoints)
            progress.Warning($"all checkpoints of {directory.Path} are damaged; starting again at step 0.");
        if (directory.BaseOf(configuration.Base) is { } initial)
        {
            if (!initial.Exists)
                CopyBase(initial, configuration.Base.Model, "base.model", context);
            else if (!resumed)
                initial.Read(ModelLayout.OfBase(model)).Dispose();
        }

        if (directory.CriticBaseOf(configuration.Critic.Digest) is { } ofCritic)
        {
            if (!ofCritic.Exists)
                CopyBase(ofCritic, configuration.Critic.Model, "critic.model", context);
            else if (!resumed)
                ofCritic.Read(ModelLayout.Of(model.ShapeOfCritic())).Dispose();
        }

        if (RolloutSetup.ScorerOf(configuration, directory) is { Exists: false } scorer)
            CopyScorer(scorer, configuration.Scoring.Model, context);
        term.Confirm();
        runLock.MarkRunning();
        Record(directory, configuration, data, resumed);
        if (run.Step >= run.Steps)
        {
            Normalize();
            runLock.MarkFinished();
            progress.Note($"{directory.Path} has already finished all {run.Steps} steps.");
        }
        else if (run.Train(scale => new RunFileReload(request.RunFile, request.Overrides, configuration, scale,
            () => RunProcess.StepsOf(directory, configuration)), stop.Token))
        {
            Normalize();
            runLock.MarkFinished();
            progress.Note($"{directory.Path} finished all {run.Step} steps. " + (stage.Output is ModelOutput.Score
                ? $"Run `actortrain eval {NameOf(configuration)}` to measure it."
                : $"Run `actortrain generate {NameOf(configuration)}` to sample from it."));
        }
        else
        {
            progress.Note($"Checkpoint of {directory.Path} saved at step {run.Step}. Run the same command to resume.");
        }

        return ExitCode.Success;

        void Normalize()
        {
            if (stage.Output is ModelOutput.Score)
                RewardNormalizing.Complete(directory, configuration, data, context, progress, stop.Token);
        }
    }

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

    // The run can always begin again from its own copy, whatever becomes of the model.
    private static void CopyBase(BaseWeights initial, string name, string key, CommandContext context)
    {
        using var trained = TrainedModel.Open(name, step: null, context, static _ => { });
        if (WeightsDigest.Of(trained.Layout, trained.Weights) != initial.Digest)
            throw new UserErrorException($"{name} no longer has the weights that this run starts with; set {key} to the folder of the "
                + $"checkpoint, or choose another run.name.");
        initial.Write(trained.Layout, trained.Weights);
    }

    private static void CopyScorer(ScorerCopy scorer, string name, CommandContext context)
    {
        using var trained = TrainedModel.Open(name, step: null, context, static _ => { });
        var facts = ScoringModel.FactsOf(trained.Run, trained.Manifest);
        if (ScorerCopy.DigestOf(trained.Manifest.WeightsHash, facts) != scorer.Digest)
            throw new UserErrorException($"{name} no longer has the weights that this run scores with; set scoring.model to the reward "
                + $"model that it began with, or choose another run.name.");
        scorer.Write(trained.Layout, trained.Weights, facts);
    }

    // The name to use on later command lines.
    private static string NameOf(RunConfiguration configuration) =>
        configuration.Run.Output == "runs" ? configuration.Run.Name : configuration.Run.Directory;

    // The run keeps its configuration and tokenizer, so that its folder can be moved.
    private static void Record(RunDirectory directory, RunConfiguration configuration, TokenStore data, bool resumed)
    {
        if (!resumed || !Directory.Exists(directory.TokenizerDirectory))
            directory.WriteTokenizer(folder =>
            {
                data.Tokenizer.Save(folder);
                data.Template?.Save(folder);
            });
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

public sealed record TrainRequest(
    string? RunFile, IReadOnlyList<string> Overrides, ResumeMode Resume, long? ExtendTo = null, bool Force = false,
    int? Nodes = null);
