using System.CommandLine;
using System.Text;
using ActorTrain.Actors.Protocol;
using ActorTrain.Chaos;
using ActorTrain.Data.Chats;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Chaos;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Hosting;
using ActorTrain.Host.Memory;
using ActorTrain.Host.Reports;
using ActorTrain.Host.Runs;
using ActorTrain.Host.Training;
using ActorTrain.Models;

namespace ActorTrain.Host.Commands;

internal static class ChaosCommand
{
    private const int UsualFaults = 8;

    private static readonly string LongHelp = $$"""
        Trains the run twice in folders below NAME-chaos, in real processes: once undisturbed (or reuses the last such run) and once
        with faults on a schedule, or at random from a seed. Killed processes are restarted. The report compares the two; if batches
        were skipped, a third run skips them from the start. The run itself is not touched.

        A schedule is YAML; the same schedule injects the same faults:
          seed: 1
          faults:
            - { step: 12, kind: trainer-exception, actor: trainer-1 }
            - { step: 20, kind: kill }
            - { step: 31, kind: flip-weights, bit: 12345 }
            - { step: 40, kind: poisoned-batch, batches: 3 }
            - { step: 55, kind: disk-full, seconds: 2 }

        Exit codes: 0 passed, 1 failed (see the report), 2 bad input.

        Kinds of faults, and the guaranteed reaction:
        {{string.Join('\n', ChaosKinds.Describe())}}

        Examples:
          actortrain chaos run.yaml --schedule faults.yaml
          actortrain chaos run.yaml --seed 7 --faults 20 --report chaos.json
          actortrain chaos run.yaml --seed 7 --every 30
          actortrain chaos run.yaml --nodes 4 --every 10
        """;

    public static CliCommand Define()
    {
        var (file, set) = RunArgument.Configuration();
        var schedule =
            new Option<string?>("--schedule") { Description = "The file with the faults to inject, and when.", HelpName = "FILE" };
        var seed = OptionChecks.Long("--seed", 1, new Whole(0, long.MaxValue), "Seed for random faults: the same seed gives the same "
            + "faults.");
        var faults = OptionChecks.Whole("--faults", UsualFaults, new Whole(1, 1000), "Number of random faults; each kind once before any "
            + "repeats.");
        var every = OptionChecks.Optional<double>("--every", "SECONDS", new Number(0.1, 86_400), "Inject a random fault every N seconds "
            + "until the run ends.");
        var nodes = OptionChecks.Optional<int>("--nodes", "N", new Whole(2, NodeProtocol.MostNodes), "Spread the trainers and samplers of "
            + "the disturbed run over N processes, which faults hit, too; trainers.count is then N unless it is given.");
        var report = new Option<string?>("--report")
        {
            Description = "Also write the report to this file; as JSON if its name ends in "
            + ".json.",
            HelpName = "FILE"
        };
        var picture = OptionChecks.Picture("--picture", "Plot the loss of the runs (.svg or .png), including one on the same poisoned "
            + "data without spike rules.");
        var fresh = new Option<bool>("--fresh") { Description = "Retrain the baseline so both timings come from the same machine state." };
        var force = OptionChecks.Force();
        var command = new CliCommand<ChaosRequest>("chaos", "Inject faults into a run and verify that it ends bit-identical.", LongHelp,
            line => new ChaosRequest(
                line.GetValue(file), line.GetValue(set) ?? [], line.GetValue(schedule), line.GetValue(seed), line.GetValue(faults),
                line.GetValue(every), line.GetValue(report), line.GetValue(picture), line.GetValue(fresh), line.GetValue(force),
                line.GetValue(nodes)),
            Run) { file, set, schedule, seed, faults, every, nodes, report, picture, fresh, force };
        command.Validators.Add(line =>
        {
            if (line.GetValue(file) is null && line.GetValue(set) is not { Length: > 0 })
                line.AddError("chaos needs a run file, or --set for the data to train on");
            if (line.GetValue(schedule) is null)
            {
                if (line.GetResult(every) is not null && line.GetResult(faults) is { Implicit: false })
                    line.AddError("--faults and --every are mutually exclusive; pass one of them");
                return;
            }

            if (line.GetResult(seed) is { Implicit: false } || line.GetResult(faults) is { Implicit: false }
                || line.GetResult(every) is not null)
                line.AddError("--schedule cannot be combined with --seed, --faults or --every");
        });
        return command;
    }

    public static int Run(ChaosRequest request, CommandContext context)
    {
        request = request with { Overrides = NodesSetup.Spread(request.RunFile, request.Overrides, request.Nodes, hasRollouts: false) };
        var configuration = RunFile.Read(request.RunFile, request.Overrides);
        if (configuration.Training.Precision is null)
        {
            // Once for all runs that are compared.
            var faster = FasterPrecision.Measure(NumericEnvironment.Choose(configuration.Training.Compute).Device);
            context.Output.WriteLine($"{faster}");
            return Run(request with { Overrides = [.. request.Overrides, $"training.precision={faster.Word}"] }, context);
        }

        var stage = StageOf(configuration, request.Force);
        if (stage == TrainingStage.Reinforcing)
        {
            request = request with { Overrides = NodesSetup.Spread(request.RunFile, request.Overrides, request.Nodes, hasRollouts: true) };
            configuration = RunFile.Read(request.RunFile, request.Overrides);
        }

        var nodes = request.Nodes ?? 0;
        var target = ScheduleFile.TargetOf(configuration, stage == TrainingStage.Reinforcing, nodes);
        var schedule = request.Schedule is { } path ? ScheduleFile.Read(path, target)
            : request.Every is { } every ? ChaosSchedule.DrawTimed((ulong)request.Seed, every, target)
            : ChaosSchedule.Draw((ulong)request.Seed, request.Faults, target);
        foreach (var (file, option) in new[] { (request.Report, "--report"), (request.Picture, "--picture") })
        {
            if (file is not null)
                ReportFile.Require(file, option);
        }

        using var stop = new StopSignal();
        var experiment = new ChaosExperiment(stage, request.RunFile, request.Overrides, configuration, request.Force, nodes, line =>
        {
            context.Output.WriteLine(line);
            context.Output.Flush();
        });
        var undisturbed = experiment.Undisturbed(request.Fresh, stop.Token);
        if (undisturbed.WeightsHash is null)
            throw new UserErrorException($"The undisturbed run in {undisturbed.Directory.Path} did not finish: "
                + $"{(undisturbed.Failures is [.., var failure] ? failure : "it was stopped")}.");
        var disturbed = experiment.Disturbed(schedule, stop.Token);
        var leavingOut = disturbed.WeightsHash is not null && disturbed.WeightsHash != undisturbed.WeightsHash
            && ChaosExperiment.LeavesOut(disturbed.Journal)
            ? experiment.LeavingOut(disturbed.Journal, stop.Token)
            : null;
        var audit = RunAudit.Of(disturbed.Directory, RunRecord.Of(disturbed.Directory));
        IReadOnlyList<string> found = [.. audit.Contradictions, .. audit.Unequal.Select(static unequal => $"{unequal}")];
        var report = ChaosReport.Of(configuration, schedule, undisturbed, disturbed, leavingOut, found);
        if (request.Picture is { } picture)
        {
            var unanswered = schedule.Faults.Any(static fault => fault.Positions > 0) ? experiment.Unanswered(schedule, stop.Token) : null;
            ChaosPicture.Save($"{configuration.Run.Name}: {schedule.Faults.Count} faults in {configuration.Training.Steps} steps",
                undisturbed, disturbed, unanswered, schedule, picture);
        }

        context.Output.WriteLine();
        report.Write(context.Output);
        if (request.Report is { } reportFile)
            Save(report, reportFile);
        return report.Held ? ExitCode.Success : ExitCode.Failure;
    }

    // The data tells what is trained.
    private static TrainingStage StageOf(RunConfiguration configuration, bool force)
    {
        using var data = TokenStore.Open(configuration.Data.Path);
        data.RequireKind("actortrain chaos", [.. TrainingStage.All.SelectMany(static stage => stage.Kinds).Distinct()]);
        var stage = TrainingStage.Of(data.Kind, configuration.Model.Output);
        new MemoryCheck(force).RequireToTrain(
            configuration, stage.ModelOf(configuration, data.Tokenizer.VocabularySize), isFused: true, hasBegun: false,
            TrainingStage.SequencesOf(data, configuration), stage == TrainingStage.Reinforcing);
        return stage;
    }

    private static void Save(ChaosReport report, string path)
    {
        using var text = new StringWriter();
        report.Write(text);
        var content = Path.GetExtension(path) == ".json" ? report.ToJson() + "\n" : text.ToString();
        ReportFile.Write(path, "--report", file => file.Write(Encoding.UTF8.GetBytes(content)));
    }
}

public sealed record ChaosRequest(
    string? RunFile, IReadOnlyList<string> Overrides, string? Schedule, long Seed, int Faults, double? Every, string? Report,
    string? Picture, bool Fresh, bool Force = false, int? Nodes = null)
{
    public bool Equals(ChaosRequest? other) =>
        other is not null && (RunFile, Schedule, Seed, Faults, Every, Nodes, Report, Picture) == (other.RunFile, other.Schedule, other.Seed,
            other.Faults, other.Every, other.Nodes, other.Report, other.Picture)
        && (Fresh, Force) == (other.Fresh, other.Force)
        && Overrides.SequenceEqual(other.Overrides);

    public override int GetHashCode() => HashCode.Combine(RunFile, Schedule, Seed, Faults, Every, Report, Picture, Fresh);
}
