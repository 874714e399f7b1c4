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
        var part = OptionChecks.Word("--part", "heldout", Parts, "Which part of the run's data: heldout is the validation part.");
        var batches = OptionChecks.Whole("--batches", 0, new Whole(0), "Batches to take; 0 takes the whole part.");
        var data = new Option<string?>("--data") { Description = "A folder written by 'actortrain prepare' [default: the run's own data].", HelpName = "DIR" };
        var force = OptionChecks.Force();
        var command = new TaughtCommand("eval", "Measure loss, perplexity and bits per byte of a trained model.", """
            Examples:
              actortrain eval book
              actortrain eval runs/gpt2 --data data/book
              actortrain eval runs/book/checkpoints/step-00000500 --part train --batches 20
            """) { path, part, batches, data, force };
        command.SetAction(line => run(new EvalRequest(
            line.GetRequiredValue(path), line.GetRequiredValue(part), line.GetValue(batches), line.GetValue(data), line.GetValue(force))));
        return command;
    }
}
