using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;

namespace ActorTrain.Data.Preparation;

/// <summary>What <c>actortrain prepare</c> is asked to do.</summary>
public sealed record PreparationOptions
{
    /// <summary>The texts.</summary>
    public required SourceOptions Source { get; init; }

    /// <summary>The folder to make.</summary>
    public required string Output { get; init; }

    /// <summary>The family of the tokenizer.</summary>
    public TokenizerKind Tokenizer { get; init; } = TokenizerKind.Bpe;

    /// <summary>How many ids a trained tokenizer has; a byte-level one always has 257.</summary>
    public int VocabularySize { get; init; } = 4096;

    /// <summary>A folder whose tokenizer is used instead of making one: prepared data, or a checkpoint.</summary>
    public string? TokenizerFrom { get; init; }

    /// <summary>The most that <see cref="TokenizerSampleBytes"/> can be: SentencePiece ends the process where it counts more than 2^31 characters.</summary>
    public const long LargestSample = 1 << 30;

    /// <summary>The most text, in bytes, that a tokenizer is trained on: drawn at random from what is for training.</summary>
    public long TokenizerSampleBytes { get; init; } = 16 << 20;

    /// <summary>The share of the text that is for validation, 0 … 0.5; about as much is taken, and something always is unless it is 0.</summary>
    public double HeldOutFraction { get; init; } = 0.02;

    /// <summary>Decides what is for validation and what a tokenizer is trained on.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Tokens of a shard file.</summary>
    public long ShardTokens { get; init; } = 1 << 26;

    /// <summary>Whether prepared data at <see cref="Output"/> are replaced.</summary>
    public bool Force { get; init; }

    /// <summary>Checks what can be checked without touching the disk.</summary>
    /// <exception cref="UserErrorException">An option has no sense.</exception>
    public void Validate()
    {
        Source.Validate();
        if (string.IsNullOrWhiteSpace(Output))
            throw new UserErrorException("There is no place to write to: name a folder with --output.");
        if (!Enum.IsDefined(Tokenizer))
            throw new UserErrorException("--tokenizer is unknown: choose bytes, bpe or unigram.");
        var carries = VocabularySize is >= SentencePieceTraining.SmallestVocabulary and <= SentencePieceTraining.LargestVocabulary;
        if (Tokenizer is not TokenizerKind.Bytes && !carries)
        {
            throw new UserErrorException(
                $"--vocabulary-size is {VocabularySize}: "
                + $"choose {SentencePieceTraining.SmallestVocabulary} to {SentencePieceTraining.LargestVocabulary}, for the 256 bytes have a token each.");
        }

        if (HeldOutFraction is not (>= 0 and <= 0.5))
            throw new UserErrorException($"--held-out is {HeldOutFraction}: choose a share of the text from 0 to 0.5.");
        if (TokenizerSampleBytes is < 1 or > LargestSample)
            throw new UserErrorException($"--tokenizer-sample-bytes is {TokenizerSampleBytes}: choose 1 to {LargestSample}.");
        if (ShardTokens < 1)
            throw new UserErrorException($"--shard-tokens is {ShardTokens}: choose at least 1.");
    }
}
