using System.Globalization;
using ActorTrain.Data.Preparation;
using ActorTrain.Data.Sources;
using ActorTrain.Host.Commands;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Actions;

/// <summary><c>actortrain prepare</c>: text in, token shards out.</summary>
internal static class PrepareHandler
{
    public static int Run(PrepareRequest request, CommandContext context)
    {
        using var interrupted = new StopSignal();
        var summary = CorpusPreparation.Run(
            new PreparationOptions
            {
                Source = new SourceOptions
                {
                    Inputs = request.Inputs,
                    TextField = request.TextField,
                    DocumentSeparator = request.DocumentSeparator,
                    Lenient = request.Lenient,
                },
                Output = request.Output,
                Tokenizer = request.Tokenizer,
                TokenizerFrom = request.TokenizerFrom is { } from ? TokenizerPlace(from) : null,
                VocabularySize = request.Vocabulary,
                TokenizerSampleBytes = request.TokenizerSample,
                HeldOutFraction = request.HeldOut,
                ShardTokens = request.ShardSize,
                Seed = (ulong)request.Seed,
                Force = request.Force,
            },
            new StageReport(context),
            interrupted.Token);

        if (summary.PassedOver.Count > 0)
            context.Output.WriteLine($"passed over {SourceFiles.Describe(summary.PassedOver)}; to read such files, name them by a glob");
        Part(context, "training", summary.Train);
        if (summary.HeldOut is { } heldOut)
        {
            Part(context, "validation", heldOut);
            context.Output.WriteLine($"validation is made of {summary.Split}");
        }

        context.Output.WriteLine($"{summary.Folder} holds the tokens, with a vocabulary of {summary.VocabularySize}.");
        return ExitCode.Success;
    }

    // A run keeps its tokenizer in a folder of its own.
    private static string TokenizerPlace(string folder)
    {
        var ofRun = Path.Combine(folder, RunDirectory.TokenizerFolderName);
        return Directory.Exists(ofRun) ? ofRun : folder;
    }

    private static void Part(CommandContext context, string name, PreparedPart part) => context.Output.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{name,-10} {part.Documents,9:N0} documents {part.Bytes / 1e6,10:N2} MB {part.Tokens,12:N0} tokens {part.BytesPerToken,6:F2} bytes/token  unigram entropy {part.UnigramEntropy:F3} nats"));

    /// <summary>One line when a stage begins and at every tenth of it.</summary>
    private sealed class StageReport(CommandContext context) : IProgress<PreparationProgress>
    {
        private (PreparationStage Stage, long Tenth)? last;

        public void Report(PreparationProgress value)
        {
            var tenth = value.Total > 0 ? 10 * value.Done / value.Total : 0;
            if (last == (value.Stage, tenth))
                return;
            last = (value.Stage, tenth);
            var stage = value.Stage switch
            {
                PreparationStage.Dividing => "reading text to divide it",
                PreparationStage.Sampling => "reading text for the tokenizer",
                PreparationStage.TrainingTokenizer => "training the tokenizer",
                _ => "encoding",
            };
            context.Output.WriteLine(value.Stage == PreparationStage.TrainingTokenizer ? stage : $"{stage} {10 * tenth}%");
        }
    }
}
