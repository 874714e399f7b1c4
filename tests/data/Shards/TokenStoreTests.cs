using ActorTrain.Data.Shards;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Data.Tests.Shards;

public sealed class TokenStoreTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_was_appended_is_read_from_any_place_over_any_shards() => Prop.ForAll(
        Gen.ListOf(Gen.ArrayOf(Gen.Choose(0, 255))).Where(static documents => documents.Count > 0).ToArbitrary(), Gen.Choose(1, 20)
            .ToArbitrary(), (documents, shardTokens) =>
        {
            var path = folder.Of("property");
            Write(path, documents, shardTokens);
            var expected = documents.SelectMany(static ids => ids.Append(256)).Select(static id => (long)id).ToArray();
            using var store = TokenStore.Open(path);
            store.Verify();
            var matches = store.Train.Tokens == expected.Length;
            for (var first = 0; first < expected.Length; first++)
            {
                var window = new long[Math.Min(7, expected.Length - first)];
                store.Train.Read(first, window);
                matches &= window.AsSpan().SequenceEqual(expected.AsSpan(first, window.Length));
            }

            Directory.Delete(path, recursive: true);
            return matches;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(4)]
    [InlineData(1)]
    public void Samples_tile_the_tokens_and_share_one_with_the_next(int context)
    {
        Write(folder.Of("out"), [[.. Enumerable.Range(0, 17)]], shardTokens: 5);
        using var store = TokenStore.Open(folder.Of("out"));
        var samples = store.Train.SampleCount(context);
        samples.ShouldBe(17 / context);
        for (var sample = 0L; sample < samples; sample++)
        {
            var window = new long[context + 1];
            store.Train.ReadSample(sample, context, window);
            window.ShouldBe(Enumerable.Range(0, context + 1).Select(i => sample * context + i == 17 ? 256 : sample * context + i));
        }

        Should.Throw<ArgumentOutOfRangeException>(() => store.Train.ReadSample(samples, context, new long[context + 1]));
        Should.Throw<ArgumentOutOfRangeException>(() => store.Train.ReadSample(-1, context, new long[context + 1]));
    }

    [Fact]
    public void A_text_shorter_than_one_sequence_is_refused()
    {
        Write(folder.Of("out"), [[1, 2, 3]], shardTokens: 100);
        using var store = TokenStore.Open(folder.Of("out"));
        store.Train.SampleCount(3).ShouldBe(1);
        Should.Throw<UserErrorException>(() => store.Train.SampleCount(4)).Message.ShouldName(
            $"training part of {folder.Of("out")}", "4 tokens", "4 + 1", "`actortrain prepare`", "model.context");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    public void A_smaller_context_is_advised_only_where_one_has_a_sample(int tokens)
    {
        Write(folder.Of("out"), [[.. Enumerable.Range(0, tokens)]], shardTokens: 100, PieceEnd.Divided);
        using var store = TokenStore.Open(folder.Of("out"));
        store.Train.Tokens.ShouldBe(tokens);
        var advice = Should.Throw<UserErrorException>(() => store.Train.SampleCount(1000)).Message;
        advice.ShouldName("`actortrain prepare`");
        advice.Contains("model.context", StringComparison.Ordinal).ShouldBe(tokens > 1, advice);
        for (var context = 1; context < tokens; context++)
            store.Train.SampleCount(context).ShouldBeGreaterThan(0);
        Should.Throw<UserErrorException>(() => store.Train.SampleCount(tokens));
        if (tokens > 1)
            advice.ShouldName($"model.context of at most {tokens - 1}");
    }

    [Theory]
    [InlineData(65_536, 2)]
    [InlineData(65_537, 4)]
    public void Tokens_are_as_wide_as_the_vocabulary_needs(int vocabulary, int bytes)
    {
        using var writer = new PartWriter(folder.Root, "train", vocabulary, endOfText: 0, shardTokens: 100);
        writer.Append([1, vocabulary - 1, 2], 9, PieceEnd.Document);
        var part = writer.Finish()!;
        new FileInfo(folder.Of("train-00000.bin")).Length.ShouldBe(4 * bytes);

        var index = new TokenIndex(1, "", vocabulary, 0, bytes, 100, part, null, "");
        var files = new List<MappedFile>();
        var tokens = new long[4];
        new TokenPart(folder.Root, "training", index, part, files).Read(0, tokens);
        files.ForEach(static file => file.Dispose());
        tokens.ShouldBe([1, vocabulary - 1, 2, 0]);
    }

    [Fact]
    public void A_flipped_byte_anywhere_is_found()
    {
        var path = folder.Of("out");
        Write(path, [[.. Enumerable.Range(0, 200)], [1, 2, 3]], shardTokens: 64);
        foreach (var file in Directory.EnumerateFiles(path))
        {
            var good = File.ReadAllBytes(file);
            for (var at = 0; at < good.Length; at += Math.Max(1, good.Length / 40))
            {
                var bad = good.ToArray();
                bad[at] ^= 0x10;
                File.WriteAllBytes(file, bad);
                Should.Throw<UserErrorException>(() => OpenAndVerify(path), $"{file} at {at}").Message.ShouldContain(path);
            }

            File.WriteAllBytes(file, good);
        }

        OpenAndVerify(path);
    }

    [Fact]
    public void An_altered_shard_is_named()
    {
        var path = folder.Of("out");
        Write(path, [[1, 2, 3, 4, 5]], shardTokens: 3);
        var shard = Path.Combine(path, "train-00001.bin");
        var bytes = File.ReadAllBytes(shard);
        bytes[1] = 0x20;
        File.WriteAllBytes(shard, bytes);
        Should.Throw<UserErrorException>(() => OpenAndVerify(path)).Message.ShouldName(
            $"{shard} is corrupt", "checksum", "`actortrain prepare --force`");

        using var store = TokenStore.Open(path);
        Should.Throw<UserErrorException>(() => store.Train.Read(0, new long[6])).Message.ShouldName(
            shard, "vocabulary of 257", "`actortrain prepare --force`");
    }

    [Theory]
    [InlineData("train-00000.bin", 12)]
    [InlineData("train-documents.bin", 8)]
    public void A_file_cut_short_too_long_or_missing_is_refused(string name, int length)
    {
        var path = folder.Of("out");
        Write(path, [[1, 2, 3, 4, 5]], shardTokens: 100);
        var file = Path.Combine(path, name);
        var good = File.ReadAllBytes(file);
        good.Length.ShouldBe(length);

        File.WriteAllBytes(file, good[..^1]);
        Refusal(path).ShouldName(
            $"{file} is truncated", $"{length - 1} bytes instead of {length}", "`actortrain prepare --force`");
        File.WriteAllBytes(file, [.. good, 0]);
        Refusal(path).ShouldName(
            $"{file} is too long", $"{length + 1} bytes instead of {length}", "`actortrain prepare --force`");
        File.Delete(file);
        Refusal(path).ShouldName($"{file} is missing", "`actortrain prepare --force`");
    }

    [Fact]
    public void A_tokenizer_that_does_not_match_is_refused()
    {
        var path = folder.Of("out");
        Write(path, [[1, 2, 3]], shardTokens: 100);
        using (var store = TokenStore.Open(path))
        {
            store.RequireTokenizer(store.Tokenizer.Identity, "the run");
            Should.Throw<UserErrorException>(() => store.RequireTokenizer("0", "the checkpoint runs/a")).Message.ShouldSatisfyAllConditions(
                said => said.ShouldContain($"The tokenizer of the checkpoint runs/a does not match the data in {path}"),
                said => said.ShouldContain("`actortrain prepare --tokenizer-from"));
        }

        using var other = SentencePieceTraining.Train(TokenizerKind.Bpe, 400, [System.Text.Encoding.UTF8.GetBytes(Texts.Prose(1, 20_000))]);
        other.Save(path);
        Refusal(path).ShouldName(
            $"The tokenizer in {path}", "`actortrain prepare --force`");
    }

    [Fact]
    public void A_folder_that_is_no_prepared_data_is_refused()
    {
        Refusal(folder.Of("none")).ShouldContain($"`actortrain prepare --input TEXT --output {folder.Of("none")}`");
        Refusal(folder.Root).ShouldContain($"{folder.Root} is not prepared data");
        folder.Write("index.json", "{");
        Refusal(folder.Root).ShouldStartWith($"{folder.Of("index.json")} cannot be read (");
    }

    private static string Refusal(string path) => Should.Throw<UserErrorException>(() => TokenStore.Open(path).Dispose()).Message;

    private static void OpenAndVerify(string path)
    {
        using var store = TokenStore.Open(path);
        store.Verify();
    }

    private static void Write(
        string path, IEnumerable<int[]> documents, long shardTokens, PieceEnd end = PieceEnd.Document)
    {
        Directory.CreateDirectory(path);
        using var tokenizer = new ByteTokenizer();
        tokenizer.Save(path);
        using var writer = new PartWriter(path, "train", tokenizer.VocabularySize, tokenizer.EndOfText, shardTokens);
        foreach (var ids in documents)
            writer.Append(ids, ids.Length, end);
        new TokenIndex(
            TokenIndex.TextFormat, tokenizer.Identity, tokenizer.VocabularySize, tokenizer.EndOfText,
                TokenIndex.WidthFor(tokenizer.VocabularySize), shardTokens,
            writer.Finish()!, null, "").Sealed().Write(path);
    }
}
