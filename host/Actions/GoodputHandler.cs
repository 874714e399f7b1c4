using ActorTrain.Actors.Goodput;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Plotting;
using ActorTrain.Host.Reports;
using ActorTrain.Models;
using ActorTrain.Persistence.Goodput;

namespace ActorTrain.Host.Actions;

/// <summary><c>actortrain goodput</c>: where every second of a run went.</summary>
internal static class GoodputHandler
{
    public static int Run(GoodputRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var rows = GoodputLog.Read(run.GoodputFile).ToArray();
        var report = GoodputReport.Of(rows)
            ?? throw new UserErrorException($"{run.Path} has no goodput.jsonl with a row in it, so nobody knows where its time went; name a run that `actortrain pretrain` has trained.");
        if (request.Plot is { } picture)
            GoodputPlot.Save(run.Name, rows, report, picture);
        if (request.Json)
            context.Output.WriteLine(ReportJson.Write(run.Path, report));
        else
            GoodputText.Write(run.Path, report, context.Output);
        if (request.Plot is not null && !request.Json)
            context.Output.WriteLine($"{request.Plot} shows it over time.");
        return ExitCode.Success;
    }
}
