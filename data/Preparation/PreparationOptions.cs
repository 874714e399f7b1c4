using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models.Options;

namespace ActorTrain.Data.Preparation;

/// <summary>What <c>actortrain prepare</c> is asked to do.</summary>
public sealed record PreparationOptions : IOptions
{
    public required SourceOptions Source { get; init; }

    [Option("The folder to write.")]
    public required string Output { get; init; }

    [Option("How text becomes tokens; bpe and unigram are trained on the text.")]
    public TokenizerKind Tokenizer { get; init; } = TokenizerKind.Bpe;

    [Option("Token ids of a trained tokenizer.",
        Min = SentencePieceTraining.SmallestVocabulary, Max = SentencePieceTraining.LargestVocabulary)]
    public int VocabularySize { get; init; } = 4096;

    [Option("Take the tokenizer of this prepared folder or run instead of making one.")]
    public string? TokenizerFrom { get; init; }

    /// <summary>The most that <see cref="TokenizerSampleBytes"/> can be: SentencePiece ends the process where it counts more than 2^31 characters.</summary>
    public const long LargestSample = 1 << 30;

    [Option("Most text that a tokenizer is trained on.", Min = 1, Max = LargestSample)]
    public long TokenizerSampleBytes { get; init; } = 16 << 20;

    [Option(
        "Part of the text that is for validation: whole files where that comes near it, else documents, else the end of the largest one.",
        Key = "held-out", Max = 0.5)]
    public double HeldOutFraction { get; init; } = 0.02;

    [Option("Seed that chooses what is for validation and what a tokenizer is trained on.")]
    public ulong Seed { get; init; } = 1;

    [Option("Tokens per shard.", Min = 1024, Max = 1L << 40)]
    public long ShardTokens { get; init; } = 1 << 26;

    [Option("Replace the output folder where an earlier 'prepare' wrote it.")]
    public bool Force { get; init; }

    public IEnumerable<OptionProblem> Validate()
    {
        if (string.IsNullOrWhiteSpace(Output))
            yield return new($"{nameof(Output):key} is empty: name a folder.");
        if (!Enum.IsDefined(Tokenizer))
            yield return new($"{nameof(Tokenizer):key} is unknown: choose bytes, bpe or unigram.");
    }
}
