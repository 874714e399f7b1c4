using System.Globalization;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Host.Runs;

/// <summary>Checks that a tokenizer fits a model. The special tokens of an imported model are stored in its checkpoint, since a tokenizer
/// may be added later.</summary>
internal static class TokenizerCheck
{
    private const string Begin = "bos_token_id", End = "eos_token_id";

    /// <summary>The record of a model's special tokens in a checkpoint.</summary>
    public static IEnumerable<KeyValuePair<string, string>> StateOf(int? begin, int? end)
    {
        foreach (var (key, token) in new[] { (Begin, begin), (End, end) })
        {
            if (token is { } id)
                yield return new(key, id.ToString(CultureInfo.InvariantCulture));
        }
    }

    public static (int? Begin, int? End) TokensOf(CheckpointFacts facts)
    {
        return (Of(Begin), Of(End));

        int? Of(string key) => facts.State.GetValueOrDefault(key) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
    }

    /// <summary>Why no tokenizer that <c>prepare</c> makes fits a model, in a sentence without its subject; null if one does.</summary>
    /// <param name="begin">The model's token at the beginning of a text, if known; here it is the previous text's end token.</param>
    /// <param name="end">The model's token at the end of a text, if known.</param>
    public static string? NoneFits(ModelOptions model, int? begin, int? end)
    {
        const int SmallestOfWords = SentencePieceTraining.SmallestVocabulary;
        return Fits(ByteTokenizer.Size, ByteTokenizer.EndOfTextId, model, begin, end)
            || Fits(SmallestOfWords, SentencePieceTraining.EndOfTextId, model, begin, end)
            ? null
            : $"has {string.Concat(StateOf(begin, end).Select(static token => $"{token.Key} {token.Value}, "))}"
                + $"vocab_size {model.VocabularySize}, but a tokenizer of actortrain starts and ends every text with one token: "
                + $"{ByteTokenizer.EndOfTextId} of {ByteTokenizer.Size} ids, or {SentencePieceTraining.EndOfTextId} of at least "
                + $"{SmallestOfWords}; none fits this model, so it cannot generate text here.";
    }

    /// <summary>Rejects a tokenizer with ids for which the model has no row, or with another end-of-text token.</summary>
    /// <param name="begin">As for <see cref="NoneFits"/>.</param>
    /// <param name="end">As for <see cref="NoneFits"/>.</param>
    /// <param name="path">What to remove for a model without a tokenizer.</param>
    /// <exception cref="UserErrorException">They do not fit.</exception>
    public static void Require(ITokenizer tokenizer, string folder, ModelOptions model, int? begin, int? end, string path)
    {
        if (Fits(tokenizer.VocabularySize, tokenizer.EndOfText, model, begin, end))
            return;
        var fix = NoneFits(model, begin, end) is null ? "put the model's own tokenizer there."
            : $"remove {path}: no tokenizer of actortrain fits this model, so it cannot generate text here.";
        var (key, id) = begin is { } first && first != tokenizer.EndOfText ? (Begin, first) : (End, end);
        throw new UserErrorException(tokenizer.VocabularySize > model.VocabularySize
            ? $"The tokenizer in {folder} has {tokenizer.VocabularySize} token ids, but the model has only {model.VocabularySize}; {fix}"
            : $"The model has {key} {id}, but the tokenizer in {folder} starts and ends every text with {tokenizer.EndOfText}; {fix}");
    }

    private static bool Fits(int vocabularySize, int endOfText, ModelOptions model, int? begin, int? end) =>
        vocabularySize <= model.VocabularySize && (begin ?? endOfText) == endOfText && (end ?? endOfText) == endOfText;
}
