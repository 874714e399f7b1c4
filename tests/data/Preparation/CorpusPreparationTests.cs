using System.Text;
using ActorTrain.Data.Preparation;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;

namespace ActorTrain.Data.Tests.Preparation;

public sealed class CorpusPreparationTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(TokenizerKind.Bytes)]
    [InlineData(TokenizerKind.Bpe)]
    [InlineData(TokenizerKind.Unigram)]
    public void Prepared_data_say_the_corpus_document_by_document(TokenizerKind kind)
    {
        var texts = Enumerable.Range(0, 60).Select(static i => Texts.Prose(i, 2000)).ToArray();
        for (var i = 0; i < texts.Length; i++)
            folder.Write($"in/{i:D2}.txt", texts[i]);
        var summary = CorpusPreparation.Run(Options() with { Tokenizer = kind, ValidationFraction = 0.2, ShardTokens = 5000 });

        using var store = TokenStore.Open(summary.Folder);
        store.Verify();
        var validation = PreparedText.Documents(store, store.Validation!);
        var train = PreparedText.Documents(store, store.Train);
        train.Concat(validation).Order(StringComparer.Ordinal).ShouldBe(texts.Order(StringComparer.Ordinal));
        train.ShouldBe(texts.Where(train.Contains));
        validation.Sum(Encoding.UTF8.GetByteCount)
            .ShouldBeInRange(texts.Sum(Encoding.UTF8.GetByteCount) / 10, texts.Sum(Encoding.UTF8.GetByteCount) / 3);

        store.Tokenizer.Kind.ShouldBe(kind);
        summary.Identity.ShouldBe(store.Identity);
        (summary.Train.Documents + summary.Validation!.Documents).ShouldBe(60);
        (summary.Train.Bytes + summary.Validation.Bytes).ShouldBe(texts.Sum(Encoding.UTF8.GetByteCount));
        summary.Train.BytesPerToken.ShouldBe((double)store.Train.Bytes / store.Train.Tokens);
        store.Train.UnigramEntropy.ShouldBe(Entropy(PreparedText.Tokens(store.Train)), 1e-9);
        store.Validation!.UnigramEntropy.ShouldBe(Entropy(PreparedText.Tokens(store.Validation)), 1e-9);
    }

    [Theory]
    [InlineData(TokenizerKind.Bytes)]
    [InlineData(TokenizerKind.Bpe)]
    [InlineData(TokenizerKind.Unigram)]
    public void Preparing_twice_gives_the_same_bytes(TokenizerKind kind)
    {
        folder.Write("in/a.txt", Texts.Prose(1, 400_000));
        folder.Write("in/b.jsonl.gz", string.Concat(Enumerable.Range(0, 100)
            .Select(static i => $$"""{"text":"{{Texts.Prose(i, 300).ReplaceLineEndings("\\n")}}"}""" + "\n")));
        var options = Options() with { Tokenizer = kind, TokenizerSampleBytes = 100_000, ShardTokens = 100_000 };
        CorpusPreparation.Run(options);
        CorpusPreparation.Run(options with { Output = folder.Of("again") });
        Contents("again").ShouldBe(Contents("out"));
    }

    [Fact]
    public void A_corpus_larger_than_a_batch_keeps_its_order()
    {
        var text = Texts.Prose(5, 12_000_000);
        folder.Write("in/a.txt.gz", text);
        var told = new Progress();
        CorpusPreparation.Run(Options() with { ValidationFraction = 0 }, told);
        using var store = TokenStore.Open(folder.Of("out"));
        string.Concat(PreparedText.Documents(store, store.Train)).ShouldBe(text);
        told.Reports.Count.ShouldBeGreaterThan(2);
        told.Reports.Select(static report => report.Done).ShouldBe(told.Reports.Select(static report => report.Done).Order());
        told.Reports[^1].ShouldBe(new PreparationProgress(PreparationStage.Encoding, new FileInfo(folder.Of("in/a.txt.gz")).Length,
            new FileInfo(folder.Of("in/a.txt.gz")).Length));
    }

    [Fact]
    public void A_tokenizer_can_be_taken_from_other_data()
    {
        folder.Write("in/a.txt", Texts.Prose(1, 100_000));
        CorpusPreparation.Run(Options() with { Tokenizer = TokenizerKind.Bpe });
        folder.Write("in/b.txt", Texts.Prose(2, 100_000));
        CorpusPreparation.Run(Options() with { TokenizerFrom = folder.Of("out"), Output = folder.Of("more") });
        using var first = TokenStore.Open(folder.Of("out"));
        using var second = TokenStore.Open(folder.Of("more"));
        second.Tokenizer.Identity.ShouldBe(first.Tokenizer.Identity);
        second.RequireTokenizer(first.Tokenizer.Identity, "the run");
    }

    [Fact]
    public void An_output_that_exists_is_refused_unless_forced()
    {
        folder.Write("in/a.txt", "one");
        CorpusPreparation.Run(Options());
        folder.Write("in/b.txt", "two");
        Refusal(Options()).ShouldName($"{folder.Of("out")} already exists", "--output", "--force");
        CorpusPreparation.Run(Options() with { Force = true }).Validation!.Documents.ShouldBe(1);
        Directory.EnumerateFileSystemEntries(folder.Root).Select(Path.GetFileName).Order().ShouldBe(["in", "out"]);

        folder.Write("mine/letter.txt", "dear");
        Refusal(Options() with { Output = folder.Of("mine"), Force = true })
            .ShouldName($"{folder.Of("mine")} is not prepared data", "--force", "--output");
        Refusal(Options() with { Output = folder.Of("in/a.txt") }).ShouldName($"{folder.Of("in/a.txt")} is a file", "--output");
    }

    [Fact]
    public void A_bad_input_found_late_changes_nothing_on_disk()
    {
        folder.Write("in/a.txt", Texts.Prose(1, 6_000_000));
        CorpusPreparation.Run(Options());
        var bad = folder.Write("in/b.txt", [0x61, 0xFF]);
        Refusal(Options() with { Force = true }).ShouldStartWith($"{bad} is not UTF-8 at byte 1: ");
        Refusal(Options() with { Output = folder.Of("new/below") }).ShouldStartWith($"{bad} is not UTF-8 at byte 1: ");
        folder.Write("in/b.txt", "");
        Refusal(Options() with { Output = folder.Of("new") }).ShouldStartWith($"{bad} is empty: ");
    }

    [Fact]
    public void Inputs_without_text_are_refused_even_leniently()
    {
        var path = folder.Write("in/a.txt", "");
        Refusal(Options(lenient: true)).ShouldName("no text", "--input");
        Refusal(Options()).ShouldStartWith($"{path} is empty: ");
    }

    [Theory]
    [InlineData(PreparationStage.Dividing)]
    [InlineData(PreparationStage.Encoding)]
    public void Stopping_leaves_nothing_on_disk(PreparationStage stage)
    {
        folder.Write("in/a.txt", Texts.Prose(1, 12_000_000));
        var before = folder.Snapshot();
        using var stop = new CancellationTokenSource();
        var progress = new Progress();
        progress.Told = () =>
        {
            if (progress.Reports[^1].Stage == stage)
                stop.Cancel();
        };
        Should.Throw<OperationCanceledException>(() => CorpusPreparation.Run(Options(), progress, stop.Token));
        progress.Reports.Last().Stage.ShouldBe(stage);
        folder.Snapshot().ShouldBe(before);
    }

    [Fact]
    public void What_a_killed_process_left_is_cleared_away()
    {
        folder.Write("in/a.txt", "one");
        folder.Write(".out.partial/train-00000.bin", "half");
        folder.Write(".out.partial/lock", "");
        folder.Write(".out.replaced/index.json", "old");
        CorpusPreparation.Run(Options());
        Directory.EnumerateFileSystemEntries(folder.Root).Select(Path.GetFileName).Order().ShouldBe(["in", "out"]);
        using var store = TokenStore.Open(folder.Of("out"));
        store.Verify();
    }

    [Fact]
    public void Two_at_once_into_one_folder_are_refused()
    {
        folder.Write("in/a.txt", Texts.Prose(1, 12_000_000));
        string? refusal = null;
        var progress = new Progress();
        progress.Told = () => refusal ??= progress.Reports[^1].Stage != PreparationStage.Encoding ? null
            : Should.Throw<UserErrorException>(() => CorpusPreparation.Run(Options())).Message;
        CorpusPreparation.Run(Options(), progress);
        refusal.ShouldNotBeNull().ShouldName(folder.Of("out"), "another process", "--output");
        using var store = TokenStore.Open(folder.Of("out"));
        store.Verify();
    }

    [Fact]
    public void Options_without_sense_are_refused()
    {
        folder.Write("in/a.txt", "one");
        Refusal(Options() with { Output = " " }).ShouldBe("Output is empty: name a folder.");
        Refusal(Options() with { Tokenizer = TokenizerKind.Bpe, VocabularySize = 256 })
            .ShouldBe("VocabularySize is 256, but it must be at least 300 and at most 1000000.");
        Refusal(Options() with { ValidationFraction = 0.9 })
            .ShouldBe("ValidationFraction is 0.9, but it must be at least 0 and at most 0.5.");
        Refusal(Options() with { ValidationFraction = double.NaN }).ShouldStartWith("ValidationFraction is NaN, ");
        Refusal(Options() with { ShardTokens = 0 }).ShouldBe("ShardTokens is 0, but it must be at least 1024 and at most 1099511627776.");
        Refusal(Options() with { TokenizerSampleBytes = 0 })
            .ShouldBe("TokenizerSampleBytes is 0, but it must be at least 1 and at most 1073741824.");
        Refusal(Options() with { Tokenizer = (TokenizerKind)9 }).ShouldBe("Tokenizer is unknown: choose bytes, bpe or unigram.");
        Refusal(Options() with { Output = folder.Of("in/a.txt/below") })
            .ShouldStartWith($"Cannot create the output folder {folder.Of("in/a.txt/below")}: ");
    }

    private PreparationOptions Options(bool lenient = false) => new()
    {
        Source = new SourceOptions { Inputs = [folder.Of("in")], Lenient = lenient },
        Output = folder.Of("out"),
        Tokenizer = TokenizerKind.Bytes,
        VocabularySize = 400,
    };

    private string Refusal(PreparationOptions options)
    {
        var before = folder.Snapshot();
        var message = Should.Throw<UserErrorException>(() => CorpusPreparation.Run(options)).Message;
        folder.Snapshot().ShouldBe(before);
        return message;
    }

    private string[] Contents(string name) =>
        [.. Directory.EnumerateFiles(folder.Of(name)).Order(StringComparer.Ordinal)
            .Select(static path => Path.GetFileName(path) + " " + Convert.ToHexString(File.ReadAllBytes(path)))];

    private static double Entropy(long[] tokens) =>
        tokens.CountBy(static id => id).Sum(pair => -(double)pair.Value / tokens.Length * Math.Log((double)pair.Value / tokens.Length));

    private sealed class Progress : IProgress<PreparationProgress>
    {
        public List<PreparationProgress> Reports { get; } = [];

        public Action? Told { get; set; }

        public void Report(PreparationProgress value)
        {
            Reports.Add(value);
            Told?.Invoke();
        }
    }
}
