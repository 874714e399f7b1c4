using System.Text;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Chaos;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Memory;
using ActorTrain.Host.Reports;
using ActorTrain.Models;

namespace ActorTrain.Host.Actions;

/// <summary><c>actortrain chaos</c>: breaks a run on purpose, and holds it against an undisturbed one.</summary>
internal static class ChaosHandler
{
    public static int Run(ChaosRequest request, CommandContext context)
    {
        var configuration = RunFile.Read(request.RunFile, request.Overrides);
        var schedule = request.Schedule is { } file ? ScheduleFile.Read(file, configuration)
            : request.Every is { } every ? ChaosSchedule.DrawTimed((ulong)request.Seed, every, configuration)
            : ChaosSchedule.Draw((ulong)request.Seed, request.Faults, configuration);
        foreach (var (target, option) in new[] { (request.Report, "--report"), (request.Picture, "--picture") })
        {
            if (target is not null)
                ReportFile.Require(target, option);
        }

        using (var data = TokenStore.Open(configuration.Data.Path))
            new MemoryCheck(request.Force).RequireToTrain(configuration, configuration.ModelFor(data.Tokenizer.VocabularySize), isFused: true, hasBegun: false);

        using var stop = new StopSignal();
        var experiment = new ChaosExperiment(request.RunFile, request.Overrides, configuration, request.Force, line =>
        {
            context.Output.WriteLine(line);
            context.Output.Flush();
        });
        var undisturbed = experiment.Undisturbed(request.Fresh, stop.Token);
        if (undisturbed.WeightsHash is null)
            throw new UserErrorException($"The undisturbed run in {undisturbed.Directory.Path} did not reach its last step: {(undisturbed.Mishaps is [.., var mishap] ? mishap : "it was stopped")}.");
        var disturbed = experiment.Disturbed(schedule, stop.Token);
        var leavingOut = disturbed.WeightsHash is not null && disturbed.WeightsHash != undisturbed.WeightsHash && ChaosExperiment.LeavesOut(disturbed.Journal)
            ? experiment.LeavingOut(disturbed.Journal, stop.Token)
            : null;
        var report = ChaosReport.Of(configuration, schedule, undisturbed, disturbed, leavingOut, AuditHandler.Audit(disturbed.Directory).Contradictions);
        if (request.Picture is { } picture)
        {
            var unanswered = schedule.Faults.Any(static fault => fault.Positions > 0) ? experiment.Unanswered(schedule, stop.Token) : null;
            ChaosPicture.Save($"{configuration.Run.Name}: {schedule.Faults.Count} faults in {configuration.Training.Steps} steps", undisturbed, disturbed, unanswered, schedule, picture);
        }

        context.Output.WriteLine();
        report.Write(context.Output);
        if (request.Report is { } path)
            Save(report, path);
        return report.Held ? ExitCode.Success : ExitCode.Failure;
    }

    private static void Save(ChaosReport report, string path)
    {
        using var text = new StringWriter();
        report.Write(text);
        var content = Path.GetExtension(path) == ".json" ? report.ToJson() + "\n" : text.ToString();
        ReportFile.Write(path, "--report", file => file.Write(Encoding.UTF8.GetBytes(content)));
    }
}
