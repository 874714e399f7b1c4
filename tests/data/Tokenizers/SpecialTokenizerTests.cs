using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Data.Tests.Tokenizers;

public sealed class SpecialTokenizerTests : IDisposable
{
    private static readonly Lazy<SentencePieceTokenizer> Bpe = new(static () => SentencePieceTraining.Train(
        TokenizerKind.Bpe, 400, [System.Text.Encoding.UTF8.GetBytes(Texts.Prose(1, 50_000))]));

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Text_is_encoded_as_without_them_whatever_it_contains() => Prop.ForAll(
        Texts.Any(), static text =>
        {
            var plain = Bpe.Value;
            var reserved = new SpecialTokenizer(plain, ["<|im_start|>", "a", "the"]);
            var marked = $"{text}<|im_start|>a the{text}";
            var ids = reserved.Encode(marked);
            return ids.SequenceEqual(plain.Encode(marked)) && ids.All(id => id < plain.VocabularySize) && reserved.Decode(ids) == marked;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Their_ids_follow_the_vocabulary_and_decode_to_nothing()
    {
        using var tokenizer = new SpecialTokenizer(new ByteTokenizer(), ["<a>", "<b>"]);
        tokenizer.VocabularySize.ShouldBe(259);
        tokenizer.EndOfText.ShouldBe(256);
        tokenizer.SpecialTokens().ShouldBe(
            new Dictionary<string, int> { ["<|endoftext|>"] = 256, ["<a>"] = 257, ["<b>"] = 258 }, ignoreOrder: true);
        int[] ids = [257, 'x', 258, 'y', 'z', 257, 256, 258];
        tokenizer.Decode(ids).ShouldBe("xyz");
        tokenizer.Display(ids).ShouldBe("<a>x<b>yz<a><|endoftext|><b>");
        tokenizer.ByteCounts()[255..].ShouldBe([1, 0, 0, 0]);
        Should.Throw<ArgumentOutOfRangeException>(() => tokenizer.Decode([259]));
    }

    [Theory]
    [InlineData("bytes")]
    [InlineData("bpe")]
    public void They_are_saved_and_part_of_the_identity(string kind)
    {
        ITokenizer text = kind == "bytes" ? new ByteTokenizer() : Bpe.Value;
        text.Save(folder.Root);
        var before = folder.Snapshot();
        using (var loaded = TokenizerFolder.Load(folder.Root))
            loaded.Identity.ShouldBe(text.Identity);

        new SpecialTokenizer(text, ["<a>", "\"b\""]).Save(folder.Root);
        using (var loaded = TokenizerFolder.Load(folder.Root))
        {
            loaded.ShouldBeOfType<SpecialTokenizer>().Names.ShouldBe(["<a>", "\"b\""]);
            loaded.Identity.ShouldNotBe(text.Identity);
            loaded.Identity.ShouldNotBe(new SpecialTokenizer(text, ["\"b\"", "<a>"]).Identity);
            loaded.VocabularySize.ShouldBe(text.VocabularySize + 2);
            loaded.Encode("some text").ShouldBe(text.Encode("some text"));
        }

        var file = folder.Of(TokenizerFolder.DescriptionFile);
        File.WriteAllText(file, File.ReadAllText(file).Replace("<a>", "<c>").Replace("\\u003Ca\\u003E", "\\u003Cc\\u003E"));
        Should.Throw<UserErrorException>(() => TokenizerFolder.Load(folder.Root)).Message.ShouldName(file);

        text.Save(folder.Root);
        folder.Snapshot().ShouldBe(before);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("<a\n>")]
    [InlineData("<|endoftext|>")]
    [InlineData("\ud800")]
    [InlineData("<a>", "<a>")]
    public void Names_that_would_be_ambiguous_are_refused(params string[] names) =>
        Should.Throw<UserErrorException>(() => new SpecialTokenizer(new ByteTokenizer(), names)).Message.ShouldName("special token");

    [Fact]
    public void An_export_lists_them_and_an_import_compares_them()
    {
        using var tokenizer = new SpecialTokenizer(new ByteTokenizer(), ["<a>", "<b>"]);
        HuggingFaceTokenizer.Write(tokenizer, folder.Root);
        HuggingFaceTokenizer.RequireSame(tokenizer, folder.Root);
        File.ReadAllText(folder.Of("tokenizer.json")).ShouldName("\"<a>\"", "257", "258");
        using var other = new SpecialTokenizer(new ByteTokenizer(), ["<b>", "<a>"]);
        Should.Throw<UserErrorException>(() => HuggingFaceTokenizer.RequireSame(other, folder.Root)).Message.ShouldName("tokenizer.json");
        using var bare = new ByteTokenizer();
        Should.Throw<UserErrorException>(() => HuggingFaceTokenizer.RequireSame(bare, folder.Root)).Message.ShouldName("tokenizer.json");
    }
}
