using System.CommandLine;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain checkpoints</c>.</summary>
internal static class CheckpointsCommand
{
    public static Command Define(Func<CheckpointsRequest, int> run)
    {
        var path = RunArgument.Create("A run by its name under runs/ or its folder.");
        var verify = new Option<bool>("--verify") { Description = "Hash every file again and compare it with the manifest." };
        var prune = new Option<bool>("--prune") { Description = "Delete what checkpoints.keep and checkpoints.keep_every do not keep; only while no process trains the run." };
        var dry = new Option<bool>("--dry-run") { Description = "With --prune: say what would be deleted, and delete nothing." };
        var json = new Option<bool>("--json") { Description = "Print one JSON object instead of a table." };
        var command = new TaughtCommand("checkpoints", "List the checkpoints of a run, verify them, delete those that need not stay.", """
            good      training went on from it for checkpoints.proof_steps and stayed healthy
            unproved  whole, and not yet proved
            void      the run left it by going back, and never goes on from it
            damaged   cut short or altered, or its files cannot be read

            Deleting verifies first. What stays: the newest checkpoints.keep that are whole, those of steps divisible by checkpoints.keep_every,
            and the newest good one. Looking is possible while the run goes on, which itself deletes what need not stay after each save.
            Exit code 1: --verify found a damaged one.

            Examples:
              actortrain checkpoints book
              actortrain checkpoints book --verify
              actortrain checkpoints runs/book --prune --dry-run
            """) { path, verify, prune, dry, json };
        command.Validators.Add(line =>
        {
            if (line.GetValue(dry) && !line.GetValue(prune))
                line.AddError("--dry-run says what --prune would delete; give both.");
        });
        command.SetAction(line => run(new CheckpointsRequest(
            line.GetRequiredValue(path), line.GetValue(verify), line.GetValue(prune), line.GetValue(dry), line.GetValue(json))));
        return command;
    }
}
