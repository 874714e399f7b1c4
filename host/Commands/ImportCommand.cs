using System.CommandLine;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain import</c>.</summary>
internal static class ImportCommand
{
    public static Command Define(Func<ImportRequest, int> run)
    {
        var source = new Argument<string>("DIR") { Description = "A folder with config.json and model.safetensors of a GPT-2 or Llama model." };
        var output = new Option<string>("--output") { Description = "The run folder to write; it must not exist.", HelpName = "DIR", Required = true };
        var force = OptionChecks.Force();
        var command = new TaughtCommand("import", "Read a model in Hugging Face's format, to evaluate it or to write text with it.", """
            Example:
              actortrain import gpt2/ --output runs/gpt2
            """) { source, output, force };
        command.SetAction(line => run(new ImportRequest(line.GetRequiredValue(source), line.GetRequiredValue(output), line.GetValue(force))));
        return command;
    }
}
