using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Control;

/// <summary>What a command for a running run says when no process trains it, with what to do in the run's state.</summary>
internal static class NotTraining
{
    /// <param name="options">Of the training command, for the same effect.</param>
    public static UserErrorException Of(RunDirectory run, string options = "")
    {
        if (RunLeader.Of(run) is { } leader)
            return new UserErrorException($"{run.Path} is trained by {leader}; run this command on that machine.");
        var advice = run.State switch
        {
            RunState.Imported => $", because it was imported; start a run from it with --set base.model={run.Path}",
            RunState.Finished =>
                $", because it has finished; run the command that started it again with --extend-to N{Linked(" and ", options)}",
            _ => $"; run the command that started it again{Linked(" with ", options)}",
        };
        return new UserErrorException($"No process is training {run.Path}{advice}.");
    }

    private static string Linked(string link, string options) => options.Length > 0 ? link + options : "";
}
