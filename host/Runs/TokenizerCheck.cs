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

    /// <summary>Rejects a tokenizer with ids for which the model has no row, or with another end-of-text token.</summary>
    /// <param name="begin">The model's token at the beginning of a text, if known; here it is the previous text's end token.</param>
    /// <param name="end">The model's token at the end of a text, if known.</param>
    /// <exception cref="UserErrorException">They do not fit.</exception>
    public static void Require(ITokenizer tokenizer, string folder, ModelOptions model, int? begin, int? end)
    {
        if (tokenizer.VocabularySize > model.VocabularySize)
        {
            throw new UserErrorException(
                $"The tokenizer in {folder} has {tokenizer.VocabularySize} token ids, but the model has only {model.VocabularySize}; put "
                    + $"the model's own tokenizer there.");
        }

        foreach (var (key, id) in new[] { (Begin, begin), (End, end) })
        {
            if (id is { } said && said != tokenizer.EndOfText)
            {
                throw new UserErrorException(
                    $"The model has {key} {said}, but the tokenizer in {folder} starts and ends every text with {tokenizer.EndOfText}; "
                        + $"put the model's own tokenizer there.");
            }
        }
    }
}
