using System.Text;
using System.Text.Json.Nodes;
using ActorTrain.Data.Tokenizers;

namespace ActorTrain.Data.Tests.Tokenizers;

public sealed class HuggingFaceTokenizerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_byte_tokenizer_becomes_the_byte_level_alphabet_of_GPT_2()
    {
        using var tokenizer = new ByteTokenizer();
        HuggingFaceTokenizer.Write(tokenizer, folder.Root);
        var json = Read("tokenizer.json");
        var vocabulary = json["model"]!["vocab"]!.AsObject().ToDictionary(static pair => pair.Key, static pair => (int)pair.Value!);
        vocabulary.Values.ShouldBe(Enumerable.Range(0, 256));
        (vocabulary["a"], vocabulary["Ġ"], vocabulary["Ċ"], vocabulary["ĉ"], vocabulary["Ā"], vocabulary["ÿ"], vocabulary["Ń"]).ShouldBe((97, 32, 10, 9, 0, 255, 173));
        vocabulary.Keys.ShouldAllBe(static letter => letter.Length == 1 && !char.IsWhiteSpace(letter[0]) && !char.IsControl(letter[0]));
        ((int)json["added_tokens"]![0]!["id"]!).ShouldBe(tokenizer.EndOfText);
        ((string)Read("tokenizer_config.json")["tokenizer_class"]!).ShouldBe("PreTrainedTokenizerFast");
    }

    [Fact]
    public void A_SentencePiece_model_is_written_as_it_is()
    {
        using var tokenizer = SentencePieceTraining.Train(TokenizerKind.Bpe, 400, [Encoding.UTF8.GetBytes(Texts.Prose(1, 20_000))]);
        HuggingFaceTokenizer.Write(tokenizer, folder.Root);
        File.ReadAllBytes(folder.Of("tokenizer.model")).ShouldBe(tokenizer.Model.ToArray());
        ((string)Read("tokenizer_config.json")["tokenizer_class"]!).ShouldBe("LlamaTokenizer");
        ((string)Read("tokenizer_config.json")["eos_token"]!).ShouldBe(SentencePieceTokenizer.EndOfTextPiece);
    }

    private JsonNode Read(string name) => JsonNode.Parse(File.ReadAllText(folder.Of(name)))!;
}
