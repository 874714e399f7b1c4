using System.CommandLine;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Terms;
using ActorTrain.Chaos;
using ActorTrain.Data.Shards;
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
            "Spread the trainers, and the workers of rollouts, over N processes of this machine, which are started again whenever they "
                + "end; trainers.count, and rollouts.workers, is then N unless it is given.");
        var at = new Option<string?>("--at")
        {
            Description = "Which of the processes in cluster.control this one is.",
            HelpName = "HOST:PORT",
            Arity = ArgumentArity.ExactlyOne,
        };
        var readyFile = OptionChecks.ReadyFile();
        var force = OptionChecks.Force();
        var command = new CliCommand<TrainRequest>(stage.Command, summary, details,
            line => new TrainRequest(
                line.GetValue(file), line.GetValue(set) ?? [],
                line.GetValue(resume) ? ResumeMode.Required : line.GetValue(fresh) ? ResumeMode.Fresh : ResumeMode.WhenPossible,
                line.GetValue(extendTo), line.GetValue(force), line.GetValue(nodes), line.GetValue(at),
                line.GetValue(readyFile)),
            (request, context) => Run(stage, request, context)) { file, set, resume, fresh, extendTo, nodes, at, readyFile, force };
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
        request = request with
        {
            Overrides = NodesSetup.Spread(request.RunFile, request.Overrides, request.Nodes, stage == TrainingStage.Reinforcing),
        };
        using var plan = TrainPlan.Read(stage, request, context.Time);
        if (request.ExtendTo is { } steps && ControlClient.Ask(plan.Run, ControlApi.Extend, new ExtendBody(steps)) is { } answer)
        {
            context.Output.WriteLine(answer.Message);
            return ExitCode.Success;
        }

        using var service = ServiceWatch.OfProcess(request.ReadyFile);
        var prepared = plan.Prepare();
        using var progress = TrainingProgress.For(context);
        using var stop = new StopSignal(() => progress.Note("Stopping: finishing the step and saving a checkpoint; "
            + "a second signal exits immediately."));
        if (prepared.Faster is { } faster)
            progress.Note($"{faster}");
        if (plan.Warning is { } warning)
            progress.Warning(warning);
        plan.Data.Verify(stop.Token);
        if (plan.Control is not { } options)
        {
            Lead(plan, prepared, request, control: null, service, context, progress, stop);
            return ExitCode.Success;
        }

        using var control = new ControlProcess(plan.Run, plan.Configuration.Journal, progress, options);
        using var standing = service.Ask(control.Standing);
        if (!control.AwaitElection(stop.Token))
            return ExitCode.Success;

        // Others may have begun or extended the run since.
        request = request with { Resume = ResumeMode.WhenPossible };
        using var elected = TrainPlan.Read(stage, request, context.Time);
        if (elected.Data.Identity != plan.Data.Identity)
            elected.Data.Verify(stop.Token);
        Lead(elected, elected.Prepare(), request, control, service, context, progress, stop);
        return ExitCode.Success;
    }

    private static void Lead(TrainPlan plan, PreparedTraining prepared, TrainRequest request, ControlProcess? control,
        ServiceWatch service, CommandContext context, ITrainingProgress progress, StopSignal stop)
    {
        var (stage, directory, data, model) = (plan.Stage, plan.Run, plan.Data, plan.Model);
        var (configuration, environment, memory, needed) =
            (prepared.Configuration, prepared.Environment, prepared.Memory, prepared.Needed);
        using var chaos = ChaosProcess.OfProcess(directory, configuration.Journal.Connection);
        using var led = Leadership.Take(directory, configuration.Journal, chaos?.Connection ?? configuration.Journal.Connection,
            control?.Address, progress, stop.Token);
        var (runLock, term) = (led.Lock, led.Term);
        if (plan.Nodes is not null)
            NodesSetup.RequireAddress(configuration);
        var run = new RunProcess(
            configuration, environment, data, directory, progress, context.Time, memory, runLock.WasKilledForMemory, term, chaos,
            request.ExtendTo, plan.Nodes) { Control = control, Service = service };

        // Nothing is written before this: the data may not match the checkpoint.
        if (runLock.WasKilledForMemory)
            progress.Warning($"{OutOfMemoryKills.Sentence} This run needs about {MemoryPlan.Words(needed.Bytes)} ({needed}).");
        var resumed = run.Restore();
        if (!resumed && request.Resume == ResumeMode.Required)
            throw new UserErrorException($"All checkpoints of {directory.Path} are damaged, so the run cannot resume; "
                + $"omit --resume to start again at step 0.");
        if (!resumed && plan.HasCheckpoints)
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
        var isOver = run.Step >= run.Steps;
        var ending = isOver ? RunEnding.Finished : run.Train(
            scale => new RunFileReload(request.RunFile, request.Overrides, configuration, scale,
                () => RunProcess.StepsOf(directory, configuration)), stop.Token);
        if (ending == RunEnding.Finished)
        {
            if (stage.Output is ModelOutput.Score)
                RewardNormalizing.Complete(directory, configuration, data, context, progress, stop.Token);
            runLock.MarkFinished();
            term.Conclude(new TermEnding(ending, $"{directory.Path} has finished all {run.Steps} steps."));
        }

        progress.Note(isOver ? $"{directory.Path} has already finished all {run.Steps} steps."
            : ending != RunEnding.Finished ? $"Checkpoint of {directory.Path} saved at step {run.Step}. "
                + (control is null || term.Ending is not null ? "Run the same command to resume." : "Another control process takes over.")
            : $"{directory.Path} finished all {run.Step} steps. " + (stage.Output is ModelOutput.Score
                ? $"Run `actortrain eval {NameOf(configuration)}` to measure it."
                : $"Run `actortrain generate {NameOf(configuration)}` to sample from it."));
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

/// <param name="At">Which of the control processes this one is; null if it is not given.</param>
public sealed record TrainRequest(
    string? RunFile, IReadOnlyList<string> Overrides, ResumeMode Resume, long? ExtendTo = null, bool Force = false,
    int? Nodes = null, string? At = null, string? ReadyFile = null);
