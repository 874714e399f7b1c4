using System.CommandLine;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain eval</c>.</summary>
internal static class EvalCommand
{
    private static readonly Choice Parts = new(("heldout", "heldout"), ("train", "train"));

    public static Command Define(Func<EvalRequest, int> run)
    {
        var path = RunArgument.Create();
        var part = OptionChecks.Word("--part", "heldout", Parts, "Which part of the run's data.");
        var batches = OptionChecks.Whole("--batches", 0, new Whole(0), "Batches to take; 0 takes the whole part.");
        var command = new TaughtCommand("eval", "Measure loss, perplexity and bits per byte of a trained model.", """
            Examples:
              actortrain eval runs/book
              actortrain eval runs/book/checkpoints/step-00000500 --part train --batches 20
            """) { path, part, batches };
        command.SetAction(line => run(new EvalRequest(line.GetRequiredValue(path), line.GetRequiredValue(part), line.GetValue(batches))));
        return command;
    }
}
