using System.CommandLine;
using ActorTrain.Data.Chats;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Hosting;
using ActorTrain.Host.Memory;
using ActorTrain.Host.Runs;
using ActorTrain.Models;
using ActorTrain.Persistence.HuggingFace;

namespace ActorTrain.Host.Commands;

internal static class ExportCommand
{
    private static readonly Choice Formats = new(("huggingface", "huggingface"));

    public static CliCommand Define()
    {
        var path = RunArgument.Create();
        var format = OptionChecks.Word("--format", "huggingface", Formats, "Format to write.");
        var output = new Option<string>("--output") { Description = "Output folder.", HelpName = "DIR", Required = true };
        var checkpoint = OptionChecks.Optional<long>("--checkpoint", "STEP", new Whole(0, long.MaxValue), "Step of the checkpoint to "
            + "export [default: the newest].");
        var force = new Option<bool>("--force")
        {
            Description = "Overwrite existing files, "
            + "and proceed even if the estimated memory exceeds what is available."
        };
        return new CliCommand<ExportRequest>("export", "Export a trained model to another format.", """
            huggingface: config.json, model.safetensors and the tokenizer, loadable by transformers as GPT2LMHeadModel or LlamaForCausalLM;
            a reward model as GPT2ForSequenceClassification or LlamaForSequenceClassification.

            Examples:
              actortrain export book --output book-gpt2
              actortrain export book --checkpoint 500 --output book-500 --force
            """,
            line => new ExportRequest(
                line.GetRequiredValue(path), line.GetRequiredValue(format), line.GetRequiredValue(output), line.GetValue(checkpoint),
                line.GetValue(force)),
            Run) { path, format, output, checkpoint, force };
    }

    public static int Run(ExportRequest request, CommandContext context)
    {
        using var trained = TrainedModel.Open(
            request.Run, request.Checkpoint, context, model =>
                new MemoryCheck(request.Force).Require("The export", MemoryPlan.ToExport(new ModelMemory(model))));
        var (begin, end) = TokenizerCheck.TokensOf(trained.Facts);
        IReadOnlyList<ExportedFile> files = [];
        if (Directory.Exists(trained.TokenizerPath))
        {
            using var tokenizer = trained.Tokenizer();
            begin = end = tokenizer.EndOfText;
            files = FilesOf(tokenizer, trained.Template());
        }

        using var interrupted = new StopSignal();
        HuggingFaceExport.Write(
            new HuggingFaceModel(trained.Facts.Model, trained.Layout, trained.Weights, begin, end), files, request.Output, request.Force,
            interrupted.Token);
        if (files.Count == 0)
            context.Output.WriteLine($"{trained.Run.Path} has no tokenizer, so none was exported; put the one it was trained with into "
                + $"{trained.TokenizerPath}, and export again with --force.");
        if (trained.ScoreBias is var bias and not 0)
            context.Output.WriteLine($"The format has no place for the bias of the score: add {bias:R} to the scores of transformers.");
        context.Output.WriteLine($"Exported the model at step {trained.Facts.Step} to {request.Output} for Hugging Face transformers.");
        return ExitCode.Success;
    }

    // Our own, for `actortrain import`, and those for AutoTokenizer.
    private static IReadOnlyList<ExportedFile> FilesOf(ITokenizer tokenizer, ChatTemplate? template)
    {
        var staging = Directory.CreateTempSubdirectory("actortrain-export-").FullName;
        try
        {
            tokenizer.Save(staging);
            template?.Save(staging);
            HuggingFaceTokenizer.Write(tokenizer, staging);
            return [.. Directory.EnumerateFiles(staging).Order(StringComparer.Ordinal)
                .Select(static file => new ExportedFile(Path.GetFileName(file), File.ReadAllBytes(file)))];
        }
        finally
        {
            Directory.Delete(staging, recursive: true);
        }
    }
}

public sealed record ExportRequest(string Run, string Format, string Output, long? Checkpoint, bool Force);
