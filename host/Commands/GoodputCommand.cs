using System.CommandLine;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain goodput</c>.</summary>
internal static class GoodputCommand
{
    public static Command Define(Func<GoodputRequest, int> run)
    {
        var path = RunArgument.Create("A run by its name under runs/ or its folder.");
        var json = new Option<bool>("--json") { Description = "Print one JSON object instead of text." };
        var plot = new Option<string?>("--plot")
        {
            Description = "Draw it over time as well, into this .svg or .png.",
            HelpName = "FILE",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = static result => OptionChecks.Read(result, PlotCommand.Picture, static value => (string)value),
        };
        var command = new TaughtCommand("goodput", "Tell where every second of a run went: new steps, redone ones, faults, pauses.", """
            Read from goodput.jsonl, also while the run goes on and after kill -9: a process that dies leaves at most two seconds that count as down.
            A step is redone where the run had as many updates before; recovering is the time from a fault to the next update; evaluating and saving
            are the time for which the next update had to wait.

              ETTR         effective training time ratio: time of new steps / all time (Llama 3, 2024, 3.3.4; Kokolis et al., 2024, II-D)
              lost steps   steps that had to be taken again
              failures     faults that the run had to recover from, its process's death among them; what an operator wanted is none
              MTBF         mean time between failures: time neither paused nor stopped in order / failures
              MTTR         mean time to recovery: (down after a death + recovering + redone steps) / failures

            Examples:
              actortrain goodput book
              actortrain goodput runs/book --json
              actortrain goodput book --plot goodput.svg
            """) { path, json, plot };
        command.SetAction(line => run(new GoodputRequest(line.GetRequiredValue(path), line.GetValue(json), line.GetValue(plot))));
        return command;
    }
}
