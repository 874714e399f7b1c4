using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;

namespace ActorTrain.Host.Commands;

internal static class RollBackCommand
{
    public static CliCommand Define()
    {
        var to = OptionChecks.Required<long>("--to", "STEP", ControlBounds.Step, "Step to roll back to.");
        var skip = OptionChecks.Long("--skip", 0, ControlBounds.SkippedBatches, "Number of batches to skip from that step.");
        var command = OperatorCommands.Define("rollback", "Roll a running run back to an earlier step, optionally skipping batches.", """
            All trainers load the newest snapshot or checkpoint at or before that step and redo the steps since. With --skip, the next
            batches are never trained on, and `actortrain audit` shows the reason.
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
