using System.Text;
using System.Text.Json.Nodes;
using ActorTrain.Data.Tokenizers;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Data.Tests.Tokenizers;

/// <summary>What is exported, as Hugging Face's own library reads it.</summary>
public sealed class HuggingFaceTokenizerTests : IDisposable
{
    private static readonly string Prose = Texts.Prose(1, 30_000);
    private readonly TemporaryFolder folder = new();

    public static TheoryData<TokenizerKind, string> Trained
    {
        get
        {
            var cases = new TheoryData<TokenizerKind, string> { { TokenizerKind.Bytes, "prose" }, { TokenizerKind.Bpe, "prose" },
                { TokenizerKind.Unigram, "prose" } };
            foreach (var corpus in Texts.WithFewSpaces.Keys)
            {
                cases.Add(TokenizerKind.Bpe, corpus);
                cases.Add(TokenizerKind.Unigram, corpus);
            }

            return cases;
        }
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Trained))]
    public void Text_is_encoded_as_it_is_here_and_any_text_comes_back(TokenizerKind kind, string corpus)
    {
        var text = corpus == "prose" ? Prose : Texts.WithFewSpaces[corpus];
        using var tokenizer = Made(kind, text);
        HuggingFaceTokenizer.Write(tokenizer, folder.Root);
        using var theirs = new global::Tokenizers.DotNet.Tokenizer(folder.Of("tokenizer.json"));

        foreach (var line in text.Split('\n').Take(300).Append("AC GT C G T").Append(" two  spaces "))
        {
            // Of two ways to say a line that a unigram model finds equally likely, theirs may be the other.
            var (ids, ours) = (theirs.Encode(line).Select(static id => (int)id).ToArray(), tokenizer.Encode(line));
            if (kind is TokenizerKind.Unigram && corpus.StartsWith("DNA", StringComparison.Ordinal))
                Likelihood(ids).ShouldBe(Likelihood(ours), 1e-4 * Math.Abs(Likelihood(ours)));
            else
                ids.ShouldBe(ours);
        }

        double Likelihood(int[] ids)
        {
            var pieces = ((SentencePieceTokenizer)tokenizer).Pieces();
            return ids.Sum(id => (double)pieces[id].Score);
        }

        Prop.ForAll(Texts.Any(), any =>
        {
            // There the name of the end of text means just that, wherever it stands.
            any = any.Replace(SentencePieceTokenizer.EndOfTextPiece, "", StringComparison.Ordinal);
            return theirs.Decode(theirs.Encode(any)) == any;
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(TokenizerKind.Bytes)]
    [InlineData(TokenizerKind.Bpe)]
    [InlineData(TokenizerKind.Unigram)]
    public void Names_of_pieces_are_text_where_they_stand_in_one(TokenizerKind kind)
    {
        foreach (var corpus in new[] { Prose, Texts.WithFewSpaces["DNA"] })
        {
            using var tokenizer = Made(kind, corpus);
            HuggingFaceTokenizer.Write(tokenizer, folder.Root);
            using var theirs = new global::Tokenizers.DotNet.Tokenizer(folder.Of("tokenizer.json"));
            foreach (var text in new[] { "<0x0A>", "a<0x41>b<0x41>", "<<0x0A>>", "<0x0A", "▁", "▁▁a▁", " ▁ ", "▅", "<unk>" })
                theirs.Decode(theirs.Encode(text)).ShouldBe(text);
        }
    }

    [Theory]
    [InlineData(TokenizerKind.Bytes)]
    [InlineData(TokenizerKind.Bpe)]
    [InlineData(TokenizerKind.Unigram)]
    public void The_end_of_text_is_known_by_its_name(TokenizerKind kind)
    {
        using var tokenizer = Made(kind, Prose);
        HuggingFaceTokenizer.Write(tokenizer, folder.Root);
        using var theirs = new global::Tokenizers.DotNet.Tokenizer(folder.Of("tokenizer.json"));
        theirs.Encode(SentencePieceTokenizer.EndOfTextPiece).ShouldBe([(uint)tokenizer.EndOfText]);
        ((string)Read("tokenizer_config.json")["eos_token"]!).ShouldBe(SentencePieceTokenizer.EndOfTextPiece);
        ((string)Read("tokenizer_config.json")["tokenizer_class"]!).ShouldBe("PreTrainedTokenizerFast");
    }

    [Fact]
    public void A_byte_tokenizer_becomes_the_byte_level_alphabet_of_GPT_2()
    {
        using var tokenizer = new ByteTokenizer();
        HuggingFaceTokenizer.Write(tokenizer, folder.Root);
        var json = Read("tokenizer.json");
        var vocabulary = json["model"]!["vocab"]!.AsObject().ToDictionary(static pair => pair.Key, static pair => (int)pair.Value!);
        vocabulary.Values.ShouldBe(Enumerable.Range(0, 256));
        (vocabulary["a"], vocabulary["Ġ"], vocabulary["Ċ"], vocabulary["ĉ"], vocabulary["Ā"], vocabulary["ÿ"], vocabulary["Ń"])
            .ShouldBe((97, 32, 10, 9, 0, 255, 173));
        vocabulary.Keys.ShouldAllBe(static letter => letter.Length == 1 && !char.IsWhiteSpace(letter[0]) && !char.IsControl(letter[0]));
        ((int)json["added_tokens"]![0]!["id"]!).ShouldBe(tokenizer.EndOfText);
    }

    private static ITokenizer Made(TokenizerKind kind, string corpus) =>
        kind is TokenizerKind.Bytes ? new ByteTokenizer() : SentencePieceTraining.Train(kind, 350, [Encoding.UTF8.GetBytes(corpus)]);

    private JsonNode Read(string name) => JsonNode.Parse(File.ReadAllText(folder.Of(name)))!;
}
