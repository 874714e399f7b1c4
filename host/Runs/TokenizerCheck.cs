using System.Globalization;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Host.Runs;

/// <summary>Whether a tokenizer is one that a model can have. What an imported model says of its special tokens is kept with its
/// checkpoint, for a tokenizer may be put beside it later.</summary>
internal static class TokenizerCheck
{
    private const string Begin = "bos_token_id", End = "eos_token_id";

    /// <summary>What a checkpoint is to remember of a model's special tokens.</summary>
    public static IEnumerable<KeyValuePair<string, string>> StateOf(int? begin, int? end)
    {
        foreach (var (key, token) in new[] { (Begin, begin), (End, end) })
        {
            if (token is { } id)
                yield return new(key, id.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>The special tokens that a checkpoint remembers.</summary>
    public static (int? Begin, int? End) TokensOf(CheckpointFacts facts)
    {
        return (Of(Begin), Of(End));

        int? Of(string key) => facts.State.GetValueOrDefault(key) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
    }

    /// <summary>Refuses a tokenizer with ids that the model has no row for, or with another end of text.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="folder">Where it lies.</param>
    /// <param name="model">The model's shape.</param>
    /// <param name="begin">The token that begins a text, if the model says so; here it is the end of the text before.</param>
    /// <param name="end">The token that ends a text, if the model says so.</param>
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
