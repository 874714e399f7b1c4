using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models.Options;

namespace ActorTrain.Data.Preparation;

public sealed record PreparationOptions : IOptions
{
    public required SourceOptions Source { get; init; }

    [Option("Output folder.")]
    public required string Output { get; init; }

    [Option("Tokenizer to use; bpe and unigram are trained on the text.")]
    public TokenizerKind Tokenizer { get; init; } = TokenizerKind.Bpe;

    [Option("Vocabulary size of a trained tokenizer.",
        Min = SentencePieceTraining.SmallestVocabulary, Max = SentencePieceTraining.LargestVocabulary)]
    public int VocabularySize { get; init; } = 4096;

    [Option("Reuse the tokenizer of this prepared folder or run.")]
    public string? TokenizerFrom { get; init; }

    /// <summary>Limit of <see cref="TokenizerSampleBytes"/>: SentencePiece ends the process if it counts more than 2^31
    /// characters.</summary>
    public const long LargestSample = 1 << 30;

    [Option("Maximum amount of text to train the tokenizer on.", Min = 1, Max = LargestSample)]
    public long TokenizerSampleBytes { get; init; } = 16 << 20;

    [Option(
        "Fraction of the text for validation: whole files if that comes close, else documents, else the end of the largest document.",
        Key = "held-out", Max = 0.5)]
    public double ValidationFraction { get; init; } = 0.02;

    [Option("Seed for choosing the validation split and the tokenizer's training text.")]
    public ulong Seed { get; init; } = 1;

    [Option("Tokens per shard.", Min = 1024, Max = 1L << 40)]
    public long ShardTokens { get; init; } = 1 << 26;

    [Option("Replace an output folder written by an earlier 'prepare'.")]
    public bool Force { get; init; }

    public IEnumerable<OptionProblem> Validate()
    {
        if (string.IsNullOrWhiteSpace(Output))
            yield return new($"{nameof(Output):key} is empty: name a folder.");
        if (!Enum.IsDefined(Tokenizer))
            yield return new($"{nameof(Tokenizer):key} is unknown: choose bytes, bpe or unigram.");
    }
}
