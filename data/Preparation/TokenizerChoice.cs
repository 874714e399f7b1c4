using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;

namespace ActorTrain.Data.Preparation;

/// <summary>The tokenizer that options ask for: reused, of bytes, or trained, with special tokens reserved in a new one.</summary>
internal static class TokenizerChoice
{
    /// <summary>The tokenizer if it needs no training, else null.</summary>
    /// <param name="special">Reserved in a new tokenizer.</param>
    /// <exception cref="UserErrorException">There is none to reuse, or a special token cannot be reserved.</exception>
    public static ITokenizer? Untrained(PreparationOptions options, IReadOnlyList<string> special)
    {
        if (options.TokenizerFrom is { } folder)
        {
            return File.Exists(Path.Combine(folder, TokenizerFolder.DescriptionFile)) ? TokenizerFolder.Load(folder)
                : throw new UserErrorException($"{folder} has no tokenizer: name prepared data or a run with --tokenizer-from.");
        }

        SpecialTokenizer.RequireNames(options.SpecialTokens);
        return options.Tokenizer is TokenizerKind.Bytes ? WithSpecial(new ByteTokenizer(), special) : null;
    }

    /// <summary>Trains a tokenizer.</summary>
    /// <exception cref="UserErrorException">The native library is missing, or the texts are too small for such a vocabulary.</exception>
    public static ITokenizer Trained(
        PreparationOptions options, IReadOnlyList<string> special, TextSample sample, CancellationToken cancellation) =>
        WithSpecial(SentencePieceTraining.Train(options.Tokenizer, options.VocabularySize, sample.Texts(), cancellation), special);

    private static ITokenizer WithSpecial(ITokenizer tokenizer, IReadOnlyList<string> special) =>
        special.Count > 0 ? new SpecialTokenizer(tokenizer, special) : tokenizer;
}
