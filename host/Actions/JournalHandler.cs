using ActorTrain.Host.Commands;
using ActorTrain.Host.Reports;

namespace ActorTrain.Host.Actions;

/// <summary><c>actortrain journal</c>: the decisions of a run, in order.</summary>
internal static class JournalHandler
{
    public static int Run(JournalRequest request, CommandContext context)
    {
        var run = NamedRun.Find(request.Run).Directory;
        var decisions = RunRecord.Of(run).Decisions;
        if (request.Json)
        {
            for (var i = 0; i < decisions.Count; i++)
                context.Output.WriteLine(ReportJson.Write(i + 1, decisions[i]));
        }
        else if (decisions.Count == 0)
        {
            context.Output.WriteLine($"{run.Path} has decided nothing yet.");
        }
        else
        {
            JournalReport.Write(decisions, context.Output);
        }

        return ExitCode.Success;
    }
}
