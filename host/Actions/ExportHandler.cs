using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Memory;
using ActorTrain.Models;
using ActorTrain.Persistence.HuggingFace;

namespace ActorTrain.Host.Actions;

/// <summary><c>actortrain export</c>: a trained model as Hugging Face transformers reads it.</summary>
internal static class ExportHandler
{
    public static int Run(ExportRequest request, CommandContext context)
    {
        using var trained = TrainedModel.Open(
            request.Run, request.Checkpoint, context, model => new MemoryCheck(request.Force).Require("The export", MemoryPlan.ToExport(new ModelMemory(model))));
        var (begin, end) = TokenizerCheck.TokensOf(trained.Facts);
        IReadOnlyList<ExportedFile> files = [];
        if (Directory.Exists(trained.TokenizerPath))
        {
            using var tokenizer = trained.Tokenizer();
            begin = end = tokenizer.EndOfText;
            files = FilesOf(tokenizer);
        }

        using var interrupted = new StopSignal();
        HuggingFaceExport.Write(
            new HuggingFaceModel(trained.Facts.Model, trained.Layout, trained.Weights, begin, end), files, request.Output, request.Force,
            interrupted.Token);
        context.Output.WriteLine($"{request.Output} holds the model of step {trained.Facts.Step} for Hugging Face transformers.");
        return ExitCode.Success;
    }

    // Ours, so that `actortrain import` finds it again, and those that AutoTokenizer reads.
    private static IReadOnlyList<ExportedFile> FilesOf(ITokenizer tokenizer)
    {
        var staging = Directory.CreateTempSubdirectory("actortrain-export-").FullName;
        try
        {
            tokenizer.Save(staging);
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
