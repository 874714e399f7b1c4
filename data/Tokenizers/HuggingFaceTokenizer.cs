using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorTrain.Models;

namespace ActorTrain.Data.Tokenizers;

/// <summary>Writes a tokenizer as the files of Hugging Face transformers' <c>AutoTokenizer</c>.</summary>
/// <remarks>Decoding there gives exactly what was encoded, as it does here; text is encoded as here, except that a unigram model may choose
/// another of two equally likely ways. Pieces are written with the spaces that SentencePiece writes as U+2581, so that a text's own U+2581
/// is preserved. A byte-level tokenizer becomes byte-level BPE without merges, in the alphabet of GPT-2 (Radford and others,
/// 2019).</remarks>
public static class HuggingFaceTokenizer
{
    // The tokenizer files of transformers: those compared with our own beside them, and the rest.
    private static readonly string[] Compared =
        ["tokenizer.json", "tokenizer_config.json", "added_tokens.json", "special_tokens_map.json", "tokenizer.model"];

    private static readonly string[] Others = ["chat_template.jinja", "merges.txt", "vocab.json"];

    private static readonly JsonSerializerOptions Readable =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(ITokenizer tokenizer, string folder)
    {
        foreach (var (name, content) in FilesOf(tokenizer))
            File.WriteAllText(Path.Combine(folder, name), content.ToJsonString(Readable) + "\n");
    }

    /// <summary>A folder's tokenizer files that an import neither uses nor compares.</summary>
    /// <param name="tokenizer">Our own tokenizer beside them, if there is one.</param>
    public static IReadOnlyList<string> NotTakenOver(ITokenizer? tokenizer, string folder) =>
        [.. (tokenizer is null ? Compared.Concat(Others) : Others).Where(name => File.Exists(Path.Combine(folder, name)))];

    /// <summary>Rejects a folder in which such files contradict our own tokenizer beside them.</summary>
    /// <exception cref="UserErrorException">One does; the message names it.</exception>
    public static void RequireSame(ITokenizer tokenizer, string folder)
    {
        (string, JsonObject)[] others =
        [
            ("added_tokens.json", new JsonObject(
                AddedBy(tokenizer).Select(static token => KeyValuePair.Create(token.Name, (JsonNode?)token.Id)))),
            ("special_tokens_map.json", new JsonObject { ["eos_token"] = SentencePieceTokenizer.EndOfTextPiece }),
        ];
        foreach (var (name, content) in FilesOf(tokenizer).Concat(others))
        {
            var file = Path.Combine(folder, name);
            if (File.Exists(file) && !JsonNode.DeepEquals(Parse(file), content))
            {
                throw new UserErrorException(
                    $"{file} contradicts the tokenizer in {TokenizerFolder.DescriptionFile} beside it, "
                        + $"so the model's tokenizer is ambiguous; "
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
            throw new UserErrorException($"{file} is not valid JSON ({error.Message.TrimEnd('.')}); "
                + $"download it again, or remove it.", error);
        }
    }

    private static List<(string Name, JsonObject Content)> FilesOf(ITokenizer tokenizer)
    {
        var configuration = new JsonObject
        {
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
            ["eos_token"] = SentencePieceTokenizer.EndOfTextPiece,
            ["clean_up_tokenization_spaces"] = false,
        };
        var text = tokenizer is SpecialTokenizer reserved ? reserved.Base : tokenizer;
        var content = text is SentencePieceTokenizer sentencePiece ? Pieces(sentencePiece) : ByteLevel(text.EndOfText);
        foreach (var (name, id) in AddedBy(tokenizer))
            content["added_tokens"]!.AsArray().Add(Added(id, name));
        return [("tokenizer.json", content), ("tokenizer_config.json", configuration)];
    }

    private static JsonObject ByteLevel(int endOfText)
    {
        var vocabulary = new JsonObject();
        foreach (var (letter, id) in Alphabet().Select(static (letter, id) => (letter, id)))
            vocabulary[letter.ToString()] = id;
        var model = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray() };
        return Tokenizer(endOfText, model, ByteLevelStep(), ByteLevelStep());
    }

    private static JsonObject Pieces(SentencePieceTokenizer tokenizer)
    {
        var decoder = new JsonObject { ["type"] = "Sequence", ["decoders"] = new JsonArray(Typed("ByteFallback"), Typed("Fuse")) };
        var pieces = tokenizer.Pieces();
        if (tokenizer.Kind is TokenizerKind.Bpe)
            return Tokenizer(tokenizer.EndOfText, Bpe(pieces), null, decoder);

        // The name of a byte's piece, occurring in a text, must not become that piece.
        var split = Typed("Split");
        split["pattern"] = new JsonObject { ["Regex"] = "<(?=0x[0-9A-F]{2}>)" };
        split["behavior"] = "Isolated";
        split["invert"] = false;
        var model = Typed("Unigram");
        model["unk_id"] = 0;
        model["byte_fallback"] = true;
        model["vocab"] = new JsonArray([.. pieces.Select(static piece => new JsonArray(piece.Name, piece.Score))]);
        return Tokenizer(tokenizer.EndOfText, model, split, decoder);
    }

    /// <summary>Any two pieces that form a third are merged, the third of the highest score first, as in SentencePiece.</summary>
    private static JsonObject Bpe(IReadOnlyList<(string Name, float Score, bool IsText)> pieces)
    {
        var vocabulary = new JsonObject();
        foreach (var (id, piece) in pieces.Index())
            vocabulary[piece.Name] = id;
        var texts = pieces.Where(static piece => piece.IsText).Select(static piece => piece.Name).ToHashSet(StringComparer.Ordinal);
        var merges = new JsonArray();
        foreach (var (name, _, _) in pieces.Where(static piece => piece.IsText).OrderByDescending(static piece => piece.Score))
        {
            for (var at = 1; at < name.Length; at++)
            {
                if (texts.Contains(name[..at]) && texts.Contains(name[at..]))
                    merges.Add(new JsonArray(name[..at], name[at..]));
            }
        }

        return new JsonObject
        {
            ["type"] = "BPE",
            ["unk_token"] = pieces[0].Name,
            ["byte_fallback"] = true,
            ["vocab"] = vocabulary,
            ["merges"] = merges
        };
    }

    private static JsonObject Tokenizer(int endOfText, JsonObject model, JsonObject? preTokenizer, JsonObject decoder) => new()
    {
        ["version"] = "1.0",
        ["added_tokens"] = new JsonArray(Added(endOfText, SentencePieceTokenizer.EndOfTextPiece)),
        ["normalizer"] = null,
        ["pre_tokenizer"] = preTokenizer,
        ["post_processor"] = null,
        ["decoder"] = decoder,
        ["model"] = model,
    };

    private static JsonObject Added(int id, string name) => new()
    {
        ["id"] = id,
        ["content"] = name,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = true,
    };

    /// <summary>The reserved tokens, in order of their ids.</summary>
    private static IEnumerable<(string Name, int Id)> AddedBy(ITokenizer tokenizer) =>
        tokenizer is SpecialTokenizer reserved ? reserved.Names.Select((name, at) => (name, reserved.Base.VocabularySize + at)) : [];

    private static JsonObject Typed(string type) => new() { ["type"] = type };

    private static JsonObject ByteLevelStep() =>
        new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = false };

    /// <summary>A visible letter for each byte: itself if printable in Latin-1, else the next from U+0100 on.</summary>
    private static IEnumerable<char> Alphabet()
    {
        var next = 0x100;
        for (var value = 0; value < 256; value++)
            yield return value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)value : (char)next++;
    }
}
