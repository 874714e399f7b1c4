using System.CommandLine;
using System.Globalization;
using ActorTrain.Data.Preparation;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Hosting;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

/// <summary><c>actortrain prepare</c>: text in, token shards out.</summary>
internal static class PrepareCommand
{
    private static readonly Choice Tokenizers = new(("bytes", TokenizerKind.Bytes), ("bpe", TokenizerKind.Bpe), ("unigram", TokenizerKind.Unigram));

    public static CliCommand Define()
    {
        var input = new Option<string[]>("--input")
        {
            Description = "Files, folders and globs: plain text, .jsonl, and either of them as gzip.",
            HelpName = "PATH...",
            Required = true,
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
        };
        var output = new Option<string>("--output") { Description = "The folder to write.", HelpName = "DIR", Required = true };
        var tokenizer = OptionChecks.Word("--tokenizer", "bpe", Tokenizers, "How text becomes tokens; bpe and unigram are trained on the text.");
        var vocabulary = OptionChecks.Whole(
            "--vocabulary-size", 4096, new Whole(SentencePieceTraining.SmallestVocabulary, SentencePieceTraining.LargestVocabulary), "Token ids of a trained tokenizer.");
        var from = new Option<string?>("--tokenizer-from")
        {
            Description = "Take the tokenizer of this prepared folder or run instead of making one.",
            HelpName = "DIR",
        };
        var sample = OptionChecks.Long("--tokenizer-sample-bytes", 16 << 20, new Whole(1, PreparationOptions.LargestSample), "Most text that a tokenizer is trained on.");
        var heldOut = OptionChecks.Number("--held-out", 0.02, new Number(0, 0.5), "Part of the text that is for validation: whole files where that comes near it, else documents, else the end of the largest one.");
        var lenient = new Option<bool>("--lenient") { Description = "Replace characters that are invalid, and pass over empty files, instead of refusing the file." };
        var field = new Option<string>("--text-field") { Description = "Field of .jsonl lines that holds the text; a.b is field b of the object in a.", HelpName = "NAME", DefaultValueFactory = static _ => "text" };
        var separator = new Option<string?>("--document-separator")
        {
            Description = "What stands between two documents of a text file; without it a file is one document.",
            HelpName = "TEXT",
        };
        var shard = OptionChecks.Long("--shard-tokens", 1L << 26, new Whole(1024, 1L << 40), "Tokens per shard.");
        var seed = OptionChecks.Long("--seed", 1, new Whole(0, long.MaxValue), "Seed that chooses what is for validation and what a tokenizer is trained on.");
        var force = new Option<bool>("--force") { Description = "Replace the output folder where an earlier 'prepare' wrote it." };

        return new CliCommand<PrepareRequest>("prepare", "Turn text into token shards, with a tokenizer and a validation part.", """
            The text is streamed: a corpus may be larger than memory. Bad input is refused before anything is written.

            Examples:
              actortrain prepare --input book.txt --output data/book --tokenizer bytes
              actortrain prepare --input 'corpus/*.jsonl.gz' notes/ --output data/corpus --tokenizer bpe --vocabulary-size 8192
            """,
            line => new PrepareRequest(
                line.GetRequiredValue(input), line.GetRequiredValue(output),
                Tokenizers.ValueOf<TokenizerKind>(line.GetRequiredValue(tokenizer)), line.GetValue(vocabulary), line.GetValue(from),
                line.GetValue(sample), line.GetValue(heldOut), line.GetValue(lenient), line.GetRequiredValue(field), line.GetValue(separator),
                line.GetValue(shard), line.GetValue(seed), line.GetValue(force)),
            Run) { input, output, tokenizer, vocabulary, from, sample, heldOut, lenient, field, separator, shard, seed, force };
    }

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

/// <summary>What <c>actortrain prepare</c> is asked.</summary>
public sealed record PrepareRequest(
    IReadOnlyList<string> Inputs, string Output, TokenizerKind Tokenizer, int Vocabulary, string? TokenizerFrom, long TokenizerSample, double HeldOut,
    bool Lenient, string TextField, string? DocumentSeparator, long ShardSize, long Seed, bool Force);
