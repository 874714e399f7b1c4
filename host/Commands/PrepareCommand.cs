using System.CommandLine;
using ActorTrain.Data.Chats;
using ActorTrain.Data.Preparation;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Hosting;
using ActorTrain.Models.Options;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Commands;

internal static class PrepareCommand
{
    private const string Bytes = "bytes", TextKind = "text";

    private static readonly Choice Tokenizers =
        new((Bytes, TokenizerKind.Bytes), ("bpe", TokenizerKind.Bpe), ("unigram", TokenizerKind.Unigram));

    private static readonly Choice Kinds = new(
        (TextKind, DataKind.Text), ("chat", DataKind.Chat), ("pairs", DataKind.Pairs), ("rankings", DataKind.Rankings),
        ("prompts", DataKind.Prompts));

    private static readonly Choice Targets = new(("all", AnswerTargets.All), ("last", AnswerTargets.Last));

    private static readonly Choice Lengths =
        new(("refuse", TooLong.Refuse), ("skip", TooLong.Skip), ("keep-start", TooLong.KeepStart));

    public static CliCommand Define()
    {
        var defaults = new PreparationOptions { Source = new SourceOptions { Inputs = [] }, Output = "" };
        var input = new Option<string[]>("--input")
        {
            Description = OptionChecks.HelpOf(defaults.Source, nameof(SourceOptions.Inputs)),
            HelpName = "PATH...",
            Required = true,
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
        };
        var output = OptionChecks.Declared<string>(defaults, nameof(defaults.Output), "DIR");
        var kind = OptionChecks.Word("--kind", TextKind, Kinds, OptionChecks.HelpOf(defaults, nameof(defaults.Kind)));
        var template = OptionChecks.Declared<string?>(defaults, nameof(defaults.Template), "NAME|FILE");
        var special = new Option<string[]>("--special")
        {
            Description = OptionChecks.HelpOf(defaults, nameof(defaults.SpecialTokens)),
            HelpName = "TOKEN...",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
        };
        var targets = OptionChecks.Word("--targets", "all", Targets, OptionChecks.HelpOf(defaults, nameof(defaults.Targets)));
        var most = OptionChecks.Declared<int>(defaults, nameof(defaults.MaxTokens));
        var tooLong = OptionChecks.Word("--too-long", "refuse", Lengths, OptionChecks.HelpOf(defaults, nameof(defaults.TooLong)));
        var tokenizer = OptionChecks.Word("--tokenizer", "bpe", Tokenizers, OptionChecks.HelpOf(defaults, nameof(defaults.Tokenizer)));
        var vocabulary = OptionChecks.Declared<int>(defaults, nameof(defaults.VocabularySize));
        var from = OptionChecks.Declared<string?>(defaults, nameof(defaults.TokenizerFrom), "DIR");
        var sample = OptionChecks.Declared<long>(defaults, nameof(defaults.TokenizerSampleBytes));
        var validation = OptionChecks.Declared<double>(defaults, nameof(defaults.ValidationFraction));
        var lenient = OptionChecks.Declared<bool>(defaults.Source, nameof(SourceOptions.Lenient));
        var field = OptionChecks.Declared<string>(defaults.Source, nameof(SourceOptions.TextField), "NAME");
        var separator = OptionChecks.Declared<string?>(defaults.Source, nameof(SourceOptions.DocumentSeparator), "TEXT");
        var shard = OptionChecks.Declared<long>(defaults, nameof(defaults.ShardTokens));
        var seed = OptionChecks.Declared<ulong>(defaults, nameof(defaults.Seed));
        var force = OptionChecks.Declared<bool>(defaults, nameof(defaults.Force));

        var command = new CliCommand<PreparationOptions>(
            "prepare", "Tokenize text or chats into shards, with a tokenizer and a validation split.", """
            Text is streamed, so a corpus may be larger than memory. Invalid input is rejected before anything is written.

            For post-training, name what the records of .jsonl or Parquet files are:
              --kind chat      {"messages": [{"role": ..., "content": ...}, ...]}, or "prompt" and "completion"
              --kind pairs     "prompt", "chosen" and "rejected", and perhaps "margin"
              --kind rankings  "prompt" and "completions", best first or with "scores" or "ranks"
              --kind prompts   "prompt" or "messages"; other fields are kept for the reward
            The model to be trained must know the tokens of the template: prepare its text with the same --template.

            Examples:
              actortrain prepare --input book.txt --output data/book --tokenizer bytes
              actortrain prepare --input 'corpus/*.jsonl.gz' notes/ --output data/corpus --tokenizer bpe --vocabulary-size 8192
              actortrain prepare --input book.txt --output data/book --template chatml
              actortrain prepare --kind chat --input chats.jsonl --output data/chats --template chatml --tokenizer-from data/book
              actortrain prepare --kind pairs --input pairs.jsonl --output data/pairs --tokenizer-from runs/book --max-tokens 1024
            """,
            line => new PreparationOptions
            {
                Source = new SourceOptions
                {
                    Inputs = line.GetRequiredValue(input),
                    TextField = line.GetRequiredValue(field),
                    DocumentSeparator = line.GetValue(separator),
                    Lenient = line.GetValue(lenient),
                },
                Output = line.GetRequiredValue(output),
                Tokenizer = Tokenizers.ValueOf<TokenizerKind>(line.GetRequiredValue(tokenizer)),
                TokenizerFrom = line.GetValue(from),
                VocabularySize = line.GetValue(vocabulary),
                TokenizerSampleBytes = line.GetValue(sample),
                ValidationFraction = line.GetValue(validation),
                ShardTokens = line.GetValue(shard),
                Kind = Kinds.ValueOf<DataKind>(line.GetRequiredValue(kind)),
                Template = line.GetValue(template),
                SpecialTokens = [.. line.GetValue(special) ?? []],
                Targets = Targets.ValueOf<AnswerTargets>(line.GetRequiredValue(targets)),
                MaxTokens = line.GetValue(most),
                TooLong = Lengths.ValueOf<TooLong>(line.GetRequiredValue(tooLong)),
                Seed = line.GetValue(seed),
                Force = line.GetValue(force),
            },
            Run)
        {
            input, output, kind, template, targets, most, tooLong, tokenizer, vocabulary, from, special, sample, validation, lenient, field,
            separator, shard, seed, force,
        };
        command.Validators.Add(line =>
        {
            var isBytes = Tokenizers.GivenFor<TokenizerKind>(line.GetResult(tokenizer)) is TokenizerKind.Bytes;
            foreach (var option in new Option[] { tokenizer, vocabulary, sample })
            {
                if (IsGiven(from) && IsGiven(option))
                    line.AddError($"{from.Name} and {option.Name} are mutually exclusive; pass one of them");
                if (option != tokenizer && isBytes && IsGiven(option))
                    line.AddError($"{tokenizer.Name} {Bytes} is not trained, so it takes no {option.Name}; omit it");
            }

            foreach (var option in new Option[] { field, separator })
            {
                if (IsGiven(option) && Kinds.GivenFor<DataKind>(line.GetResult(kind)) is not (null or DataKind.Text))
                    line.AddError($"{option.Name} is for {kind.Name} {TextKind}; omit it");
            }

            bool IsGiven(Option option) => line.GetResult(option) is { Implicit: false };
        });
        return command;
    }

    public static int Run(PreparationOptions request, CommandContext context)
    {
        using var interrupted = new StopSignal();
        request.Require(OptionChecks.NameIn<PreparationOptions>);
        var options = request with { TokenizerFrom = request.TokenizerFrom is { } from ? TokenizerPlace(from) : null };
        var summary = CorpusPreparation.Run(options, new StageReport(context), interrupted.Token);

        foreach (var line in summary.Omissions.Lines())
            context.Output.WriteLine(line);
        Part(context, options.Kind, "training", summary.Train);
        if (summary.Validation is { } validation)
        {
            Part(context, options.Kind, "validation", validation);
            context.Output.WriteLine($"validation split: {summary.Split}");
        }

        context.Output.WriteLine($"Wrote {summary.Folder} (vocabulary of {summary.VocabularySize}).");
        return ExitCode.Success;
    }

    // A run keeps its tokenizer in a folder of its own.
    private static string TokenizerPlace(string name) =>
        !File.Exists(Path.Combine(name, TokenizerFolder.DescriptionFile))
            && NamedRun.FindOrNull(name) is { Directory.TokenizerDirectory: var ofRun } && Directory.Exists(ofRun) ? ofRun : name;

    private static void Part(CommandContext context, DataKind kind, string name, PreparedPart part) => context.Output.WriteLine(
        part.Sequences is { } sequences
            ? $"{name,-10} {sequences.Groups,9:N0} {(sequences.Groups == 1 ? kind.Noun() : kind.Plural())} {part.Bytes / 1e6,10:N2} MB "
                + $"{part.Tokens,12:N0} tokens {sequences.Targets,12:N0} targets  longest {sequences.Longest:N0} tokens"
            : $"{name,-10} {part.Documents,9:N0} documents {part.Bytes / 1e6,10:N2} MB {part.Tokens,12:N0} tokens "
                + $"{part.BytesPerToken,6:F2} bytes/token  unigram entropy {part.UnigramEntropy:F3} nats");

    /// <summary>One line at the start of a stage and at every tenth of it.</summary>
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
                PreparationStage.Dividing => "reading text for the validation split",
                PreparationStage.Sampling => "reading text for the tokenizer",
                PreparationStage.TrainingTokenizer => "training the tokenizer",
                _ => "encoding",
            };
            context.Output.WriteLine(value.Stage == PreparationStage.TrainingTokenizer ? stage : $"{stage} {10 * tenth}%");
        }
    }
}
