using System.CommandLine;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain export</c>.</summary>
internal static class ExportCommand
{
    private static readonly Choice Formats = new(("huggingface", "huggingface"));

    public static Command Define(Func<ExportRequest, int> run)
    {
        var path = RunArgument.Create();
        var format = OptionChecks.Word("--format", "huggingface", Formats, "What to write.");
        var output = new Option<string>("--output") { Description = "The folder to write.", HelpName = "DIR", Required = true };
        var checkpoint = new Option<long?>("--checkpoint")
        {
            Description = "The step whose checkpoint is exported [default: the newest].",
            HelpName = "STEP",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = static result => OptionChecks.Read(result, new Whole(0, long.MaxValue), static value => (long?)value),
        };
        var force = new Option<bool>("--force") { Description = "Overwrite files that are there already, and proceed even if the estimated memory exceeds what is available." };
        var command = new TaughtCommand("export", "Write a trained model in a format that other programs load.", """
            huggingface writes config.json, model.safetensors and the tokenizer, which transformers loads as GPT2LMHeadModel or LlamaForCausalLM.

            Examples:
              actortrain export book --output book-gpt2
              actortrain export book --checkpoint 500 --output book-500 --force
            """) { path, format, output, checkpoint, force };
        command.SetAction(line => run(new ExportRequest(
            line.GetRequiredValue(path), line.GetRequiredValue(format), line.GetRequiredValue(output), line.GetValue(checkpoint), line.GetValue(force))));
        return command;
    }
}
