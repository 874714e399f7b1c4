using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorTrain.Models;

namespace ActorTrain.Data.Tokenizers;

/// <summary>Writes a tokenizer in the files that Hugging Face transformers' <c>AutoTokenizer</c> reads.</summary>
/// <remarks>A SentencePiece model is written as it is, for <c>LlamaTokenizer</c>; it encodes as ours does, save for texts that hold U+2581 or U+2585.
/// A byte-level one becomes byte-level BPE without merges, in the alphabet of GPT-2 (Radford and others, 2019).</remarks>
public static class HuggingFaceTokenizer
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the files into a folder that exists.</summary>
    public static void Write(ITokenizer tokenizer, string folder)
    {
        if (tokenizer is SentencePieceTokenizer sentencePiece)
            File.WriteAllBytes(Path.Combine(folder, TokenizerFolder.ModelFile), sentencePiece.Model.Span);
        foreach (var (name, content) in FilesOf(tokenizer))
            File.WriteAllText(Path.Combine(folder, name), content.ToJsonString(Readable) + "\n");
    }

    /// <summary>Refuses a folder in which such files say something else than the tokenizer beside them.</summary>
    /// <exception cref="UserErrorException">One does; the sentence names it.</exception>
    public static void RequireSame(ITokenizer tokenizer, string folder)
    {
        foreach (var (name, content) in FilesOf(tokenizer).Append((Name: "added_tokens.json", Content: new JsonObject())))
        {
            var file = Path.Combine(folder, name);
            if (File.Exists(file) && !JsonNode.DeepEquals(Parse(file), content))
            {
                throw new UserErrorException(
                    $"{file} differs from what the tokenizer of {TokenizerFolder.DescriptionFile} beside it says, so the model's tokenizer is ambiguous; "
                    + "remove the wrong file.");
            }
        }
    }

    private static JsonNode? Parse(string file)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(file), documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException error)
        {
            throw new UserErrorException($"{file} is not JSON ({error.Message.TrimEnd('.')}); get it again, or remove it.", error);
        }
    }

    private static List<(string Name, JsonObject Content)> FilesOf(ITokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        var configuration = new JsonObject
        {
            ["eos_token"] = SentencePieceTokenizer.EndOfTextPiece,
            ["clean_up_tokenization_spaces"] = false,
            ["add_prefix_space"] = false,
        };
        if (tokenizer is SentencePieceTokenizer)
        {
            configuration["tokenizer_class"] = "LlamaTokenizer";
            configuration["legacy"] = false;
            configuration["unk_token"] = "<unk>";
            configuration["bos_token"] = null;
            configuration["add_bos_token"] = false;
            configuration["add_eos_token"] = false;
            return [("tokenizer_config.json", configuration)];
        }

        configuration["tokenizer_class"] = "PreTrainedTokenizerFast";
        return [("tokenizer.json", ByteLevel(tokenizer.EndOfText)), ("tokenizer_config.json", configuration)];
    }

    private static JsonObject ByteLevel(int endOfText)
    {
        var vocabulary = new JsonObject();
        foreach (var (letter, id) in Alphabet().Select(static (letter, id) => (letter, id)))
            vocabulary[letter.ToString()] = id;
        return new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(new JsonObject
            {
                ["id"] = endOfText,
                ["content"] = SentencePieceTokenizer.EndOfTextPiece,
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = true,
            }),
            ["normalizer"] = null,
            ["pre_tokenizer"] = ByteLevelStep(),
            ["post_processor"] = null,
            ["decoder"] = ByteLevelStep(),
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray() },
        };
    }

    private static JsonObject ByteLevelStep() =>
        new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = false };

    /// <summary>A visible letter for each byte: itself where Latin-1 has one to see, else the next from U+0100 on.</summary>
    private static IEnumerable<char> Alphabet()
    {
        var next = 0x100;
        for (var value = 0; value < 256; value++)
            yield return value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)value : (char)next++;
    }
}
