using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Commands;
using ActorTrain.Persistence.HuggingFace;

namespace ActorTrain.Host.Handlers;

/// <summary><c>actortrain export</c>: a trained model as Hugging Face transformers reads it.</summary>
internal static class ExportHandler
{
    public static int Run(ExportRequest request, CommandContext context)
    {
        using var trained = TrainedModel.Open(request.Run, request.Checkpoint, context.Error.WriteLine);
        int? endOfText = null;
        IReadOnlyList<ExportedFile> files = [];
        if (Directory.Exists(trained.TokenizerPath))
        {
            using var tokenizer = TokenizerFolder.Load(trained.TokenizerPath);
            endOfText = tokenizer.EndOfText;
            files = [.. Directory.EnumerateFiles(trained.TokenizerPath).Order(StringComparer.Ordinal)
                .Select(static file => new ExportedFile(Path.GetFileName(file), File.ReadAllBytes(file)))];
        }

        using var interrupted = new InterruptToken();
        HuggingFaceExport.Write(
            new HuggingFaceModel(trained.Facts.Model, trained.Layout, trained.Weights, endOfText, endOfText), files, request.Output, request.Force,
            interrupted.Token);
        context.Output.WriteLine($"{request.Output} holds the model of step {trained.Facts.Step} for Hugging Face transformers.");
        return ExitCode.Success;
    }
}
