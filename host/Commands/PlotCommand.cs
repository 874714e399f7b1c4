using System.CommandLine;
using System.CommandLine.Parsing;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain plot</c>.</summary>
internal static class PlotCommand
{
    /// <summary>The name of a picture.</summary>
    internal static readonly Text Picture = new(
        "a file name that ends in .svg or .png",
        static path => Path.GetExtension(path) is ".svg" or ".png");

    public static Command Define(Func<PlotRequest, int> run)
    {
        var path = RunArgument.Create("A run by its name under runs/ or its folder.");
        var output = new Option<string?>("--output")
        {
            Description = "The picture to write, .svg or .png [default: plot.svg in the run's folder].",
            HelpName = "FILE",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = static result => OptionChecks.Read(result, Picture, static value => (string)value),
        };
        var smooth = OptionChecks.Whole("--smooth", 0, new Whole(0), "Steps over which lines are smoothed; 1 draws them raw, 0 chooses by the run's length.");
        var linear = new Option<bool>("--linear-loss") { Description = "Draw the loss on a linear axis instead of a logarithmic one." };
        var command = new TaughtCommand("plot", "Draw loss, gradient norm and throughput of a run.", """
            Examples:
              actortrain plot book
              actortrain plot runs/book --output loss.png --smooth 50
            """) { path, output, smooth, linear };
        command.SetAction(line => run(new PlotRequest(
            line.GetRequiredValue(path), line.GetValue(output), line.GetValue(smooth), line.GetValue(linear))));
        return command;
    }
}
