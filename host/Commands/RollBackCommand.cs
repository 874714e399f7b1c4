using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Control;

namespace ActorTrain.Host.Commands;

/// <summary><c>actortrain rollback</c>: sends a run that goes on back to an earlier step.</summary>
internal static class RollBackCommand
{
    public static CliCommand Define()
    {
        var to = OptionChecks.Required<long>("--to", "STEP", new Whole(0, long.MaxValue), "Updates to go back to.");
        var skip = OptionChecks.Long("--skip", 0, new Whole(0, long.MaxValue), "Batches to leave out from there on.");
        var command = OperatorCommands.Define("rollback", "Send a run that goes on back to an earlier step, and leave out batches.", """
            All trainers take over the newest state that is kept from that step or from before it, in memory if it is there, else from disk, and take the
            steps since again; with --skip, the batches that follow the step are never trained on, and `actortrain audit` knows why.
            """, """
              actortrain rollback book --to 1200 --skip 200
              actortrain rollback runs/book --to 0
            """,
            line => new ControlCall<RollbackBody>(ControlApi.Rollback, new RollbackBody(line.GetRequiredValue(to), line.GetValue(skip))));
        command.Add(to);
        command.Add(skip);
        return command;
    }
}
