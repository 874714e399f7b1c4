using System.Text;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Data.Tests.Tokenizers;

public sealed class TokenizerTests : IClassFixture<TokenizerTests.Trained>, IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Trained trained;

    public TokenizerTests(Trained trained) => this.trained = trained;

    public static TheoryData<TokenizerKind> Kinds => [TokenizerKind.Bytes, TokenizerKind.Bpe, TokenizerKind.Unigram];

    public static TheoryData<TokenizerKind> TrainedKinds => [TokenizerKind.Bpe, TokenizerKind.Unigram];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Decoding_gives_exactly_what_was_encoded(TokenizerKind kind) => Prop.ForAll(Texts.Any(), text =>
    {
        var tokenizer = trained.Of(kind);
        var ids = tokenizer.Encode(text);
        return tokenizer.Decode(ids) == text && ids.All(id => id >= 0 && id < tokenizer.VocabularySize && id != tokenizer.EndOfText);
    }).QuickCheckThrowOnFailure();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_character_can_be_said(TokenizerKind kind)
    {
        var all = new StringBuilder();
        for (var value = 0; value <= 0x10FFFF; value += value < 0x3000 ? 1 : 7)
        {
            if (Rune.IsValid(value))
                all.Append(new Rune(value));
        }

        var tokenizer = trained.Of(kind);
        tokenizer.Decode(tokenizer.Encode(all.ToString())).ShouldBe(all.ToString());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_long_run_without_spaces_comes_back(TokenizerKind kind)
    {
        var text = string.Concat(Enumerable.Repeat("数据abc", 20_000));
        trained.Of(kind).Decode(trained.Of(kind).Encode(text)).ShouldBe(text);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_end_of_text_is_said_by_no_text_and_says_nothing(TokenizerKind kind)
    {
        var tokenizer = trained.Of(kind);
        tokenizer.Decode([tokenizer.EndOfText]).ShouldBeEmpty();
        tokenizer.Encode(SentencePieceTokenizer.EndOfTextPiece).ShouldNotContain(tokenizer.EndOfText);
        tokenizer.Encode("").ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Ids_outside_the_vocabulary_are_refused(TokenizerKind kind)
    {
        Should.Throw<ArgumentOutOfRangeException>(() => trained.Of(kind).Decode([trained.Of(kind).VocabularySize]));
        Should.Throw<ArgumentOutOfRangeException>(() => trained.Of(kind).Decode([-1]));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_saved_tokenizer_is_the_same_when_it_is_loaded(TokenizerKind kind)
    {
        var tokenizer = trained.Of(kind);
        tokenizer.Save(folder.Root);
        using var loaded = TokenizerFolder.Load(folder.Root);
        (loaded.Kind, loaded.Identity, loaded.VocabularySize, loaded.EndOfText)
            .ShouldBe((tokenizer.Kind, tokenizer.Identity, tokenizer.VocabularySize, tokenizer.EndOfText));
        loaded.Encode(Trained.Corpus).ShouldBe(tokenizer.Encode(Trained.Corpus));
    }

    [Fact]
    public void The_byte_tokenizer_says_bytes()
    {
        trained.Of(TokenizerKind.Bytes).Encode("aü").ShouldBe([97, 0xC3, 0xBC]);
        trained.Of(TokenizerKind.Bytes).VocabularySize.ShouldBe(257);
    }

    [Theory]
    [MemberData(nameof(TrainedKinds))]
    public void Training_twice_gives_the_same_model(TokenizerKind kind)
    {
        using var again = Trained.Train(kind);
        again.Model.ToArray().ShouldBe(((SentencePieceTokenizer)trained.Of(kind)).Model.ToArray());
        again.Identity.ShouldBe(trained.Of(kind).Identity);
    }

    [Theory]
    [MemberData(nameof(TrainedKinds))]
    public void Training_makes_the_vocabulary_asked_for_and_shortens_text(TokenizerKind kind)
    {
        var tokenizer = trained.Of(kind);
        tokenizer.VocabularySize.ShouldBe(Trained.Size);
        tokenizer.Encode(Trained.Corpus).Length.ShouldBeLessThan(Encoding.UTF8.GetByteCount(Trained.Corpus) * 2 / 5);
        tokenizer.Encode(" gradient").Length.ShouldBeLessThan(5);
    }

    [Theory]
    [MemberData(nameof(TrainedKinds))]
    public void Words_one_by_one_give_what_SentencePiece_makes_of_the_whole_line(TokenizerKind kind)
    {
        var tokenizer = (SentencePieceTokenizer)trained.Of(kind);
        using var processor = SentencePieceHandle.Open(tokenizer.Model.Span);
        foreach (var line in Texts.Prose(12, 50_000).Split('\n'))
            tokenizer.Encode(line).ShouldBe(Whole(processor, line));
    }

    [Theory]
    [MemberData(nameof(TrainedKinds))]
    public void Many_threads_encode_alike(TokenizerKind kind)
    {
        using var tokenizer = Trained.Train(kind);
        var expected = trained.Of(kind).Encode(Trained.Corpus);
        Parallel.For(0, 16, _ => tokenizer.Encode(Trained.Corpus).ShouldBe(expected));
    }

    [Fact]
    public void Different_models_have_different_identities() =>
        Enum.GetValues<TokenizerKind>().Select(kind => trained.Of(kind).Identity).Distinct().Count().ShouldBe(3);

    [Theory]
    [InlineData(TokenizerKind.Bpe, "bpe")]
    [InlineData(TokenizerKind.Unigram, "unigram")]
    public void A_vocabulary_that_the_text_does_not_carry_is_refused(TokenizerKind kind, string name)
    {
        Refusal(kind, 5000, "ab").ShouldMatch(
            $@"^SentencePiece cannot train a {name} tokenizer of 5000 tokens .* only \d+ pieces: choose --tokenizer bytes, or give more text\.$");
        Refusal(kind, 400, string.Concat(Enumerable.Range(0x4e00, 500).Select(static character => (char)character))).ShouldName(
            $"{name} tokenizer of 400 tokens", "759 bytes and characters", "--vocabulary-size 759");
        Refusal(kind, 500, "\n\n\t\n").ShouldName($"no words to train a {name} tokenizer", "--tokenizer bytes");

        static string Refusal(TokenizerKind kind, int size, string text) =>
            Should.Throw<UserErrorException>(() => SentencePieceTraining.Train(kind, size, [Encoding.UTF8.GetBytes(text)])).Message;
    }

    public static TheoryData<TokenizerKind, string> WithFewSpaces
    {
        get
        {
            var cases = new TheoryData<TokenizerKind, string>();
            foreach (var corpus in Texts.WithFewSpaces.Keys)
            {
                cases.Add(TokenizerKind.Bpe, corpus);
                cases.Add(TokenizerKind.Unigram, corpus);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(WithFewSpaces))]
    public void A_space_is_one_token_also_where_the_corpus_has_none(TokenizerKind kind, string corpus)
    {
        using var tokenizer = SentencePieceTraining.Train(kind, 320, [Encoding.UTF8.GetBytes(Texts.WithFewSpaces[corpus])]);
        tokenizer.Encode(" ").Length.ShouldBe(1);
        tokenizer.Decode(tokenizer.Encode(" ").AsSpan()).ShouldBe(" ");
        foreach (var id in tokenizer.Encode("AC GT C G T"))
            tokenizer.Decode([id]).ShouldNotContain('\u2581');
        Prop.ForAll(Texts.Any(), text => tokenizer.Decode(tokenizer.Encode(text)) == text).QuickCheckThrowOnFailure();
    }

    [Theory]
    [MemberData(nameof(TrainedKinds))]
    public void In_a_model_without_a_piece_for_a_space_it_is_a_byte(TokenizerKind kind)
    {
        // The same model with another character in place of SentencePiece's mark.
        var model = ((SentencePieceTokenizer)trained.Of(kind)).Model.ToArray();
        for (var at = model.AsSpan().IndexOf("▁"u8); at >= 0; at = model.AsSpan().IndexOf("▁"u8))
            "▂"u8.CopyTo(model.AsSpan(at));
        using var tokenizer = new SentencePieceTokenizer(kind, model);
        tokenizer.Encode(" ").ShouldBe(tokenizer.Encode("\n").Select(static newline => newline + (' ' - '\n')));
        Prop.ForAll(Texts.Any(), text => tokenizer.Decode(tokenizer.Encode(text)) == text).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Training_can_be_stopped_while_it_reads()
    {
        using var stop = new CancellationTokenSource();
        IEnumerable<ReadOnlyMemory<byte>> Endless()
        {
            for (var i = 0; ; i++)
            {
                yield return Encoding.UTF8.GetBytes(Texts.Prose(i, 100));
                if (i == 20)
                    stop.Cancel();
            }
        }

        Should.Throw<OperationCanceledException>(() => SentencePieceTraining.Train(TokenizerKind.Bpe, 400, Endless(), stop.Token));
    }

    [Fact]
    public void An_error_of_the_texts_comes_through_training() =>
        Should.Throw<UserErrorException>(() => SentencePieceTraining.Train(TokenizerKind.Bpe, 400, Failing())).Message.ShouldBe("broken");

    [Fact]
    public void A_tokenizer_that_is_not_whole_is_refused()
    {
        var description = folder.Of(TokenizerFolder.DescriptionFile);
        var model = folder.Of(TokenizerFolder.ModelFile);
        Refusal().ShouldStartWith($"Cannot read the tokenizer description {description} (");
        File.WriteAllText(description, "{}");
        Refusal().ShouldName($"{description} is not a tokenizer description", "prepare --force");
        Refusal().ShouldNotContain("System.", customMessage: "no name of a type");

        trained.Of(TokenizerKind.Bpe).Save(folder.Root);
        var bytes = File.ReadAllBytes(model);
        File.WriteAllBytes(model, bytes[..(bytes.Length / 2)]);
        Refusal().ShouldStartWith($"Cannot read the tokenizer model {model} (");
        File.Delete(model);
        Refusal().ShouldStartWith($"Cannot read the tokenizer model {model} (");
        File.WriteAllBytes(model, ((SentencePieceTokenizer)trained.Of(TokenizerKind.Unigram)).Model.ToArray());
        Refusal().ShouldName($"{description} does not match", "`actortrain prepare --force`");

        string Refusal() => Should.Throw<UserErrorException>(() => TokenizerFolder.Load(folder.Root)).Message;
    }

    private static unsafe int[] Whole(SentencePieceHandle processor, string line)
    {
        var utf8 = Encoding.UTF8.GetBytes(line);
        var ids = new int[utf8.Length + 8];
        fixed (byte* text = utf8)
        fixed (int* target = ids)
        {
            var error = stackalloc byte[SentencePieceLibrary.ErrorCapacity];
            return ids[..(int)SentencePieceLibrary.Encode(processor, text, utf8.Length, target, ids.Length, error,
                SentencePieceLibrary.ErrorCapacity)];
        }
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Failing()
    {
        yield return "some words"u8.ToArray();
        throw new UserErrorException("broken");
    }

    /// <summary>One tokenizer of each kind, trained once.</summary>
    public sealed class Trained : IDisposable
    {
        public const int Size = 400;
        public static readonly string Corpus = Texts.Prose(11, 60_000);
        private readonly ITokenizer[] tokenizers = [new ByteTokenizer(), Train(TokenizerKind.Bpe), Train(TokenizerKind.Unigram)];

        public ITokenizer Of(TokenizerKind kind) => tokenizers[(int)kind];

        public static SentencePieceTokenizer Train(TokenizerKind kind) =>
            SentencePieceTraining.Train(kind, Size, [Encoding.UTF8.GetBytes(Corpus)]);

        public void Dispose()
        {
            foreach (var tokenizer in tokenizers)
                tokenizer.Dispose();
        }
    }
}
