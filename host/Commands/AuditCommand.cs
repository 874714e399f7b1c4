using System.CommandLine;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain audit</c>.</summary>
internal static class AuditCommand
{
    public static Command Define(Func<AuditRequest, int> run)
    {
        var path = RunArgument.Create("A run by its name under runs/ or its folder.");
        var json = new Option<bool>("--json") { Description = "Print one JSON object instead of text." };
        var command = new TaughtCommand("audit", "Prove that every sample was trained on once per epoch, left out with a reason, or is still to come.", """
            What the trainers really read (samples.jsonl) is compared with what the plan says, with the skip list of the journal, and with the
            newest checkpoint; neither the data nor a process is needed, though how often the samples were read is said only where the data are.
            Steps that were left by going back do not count. It may be asked while the run goes on, and after kill -9.
            Exit code 1: something contradicts, and the first contradictions are named.

            Examples:
              actortrain audit book
              actortrain audit runs/book --json
            """) { path, json };
        command.SetAction(line => run(new AuditRequest(line.GetRequiredValue(path), line.GetValue(json))));
        return command;
    }
}
