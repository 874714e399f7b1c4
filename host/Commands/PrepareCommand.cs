using System.CommandLine;
using ActorTrain.Data.Preparation;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain prepare</c>.</summary>
internal static class PrepareCommand
{
    private static readonly Choice Tokenizers = new(("bytes", TokenizerKind.Bytes), ("bpe", TokenizerKind.Bpe), ("unigram", TokenizerKind.Unigram));

    public static Command Define(Func<PrepareRequest, int> run)
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

        var command = new TaughtCommand("prepare", "Turn text into token shards, with a tokenizer and a validation part.", """
            The text is streamed: a corpus may be larger than memory. Bad input is refused before anything is written.

            Examples:
              actortrain prepare --input book.txt --output data/book --tokenizer bytes
              actortrain prepare --input 'corpus/*.jsonl.gz' notes/ --output data/corpus --tokenizer bpe --vocabulary-size 8192
            """) { input, output, tokenizer, vocabulary, from, sample, heldOut, lenient, field, separator, shard, seed, force };
        command.SetAction(line => run(new PrepareRequest(
            line.GetRequiredValue(input), line.GetRequiredValue(output), Tokenizers.ValueOf<TokenizerKind>(line.GetRequiredValue(tokenizer)),
            line.GetValue(vocabulary), line.GetValue(from), line.GetValue(sample), line.GetValue(heldOut), line.GetValue(lenient),
            line.GetRequiredValue(field), line.GetValue(separator), line.GetValue(shard), line.GetValue(seed), line.GetValue(force))));
        return command;
    }
}
