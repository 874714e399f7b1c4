using System.Text;
using System.Text.Json;
using ActorTrain.Data.Preparation;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;

namespace ActorTrain.Data.Tests.Preparation;

/// <summary>What is for validation, and what a model that is trained on the rest must not have seen.</summary>
public sealed class ValidationSplitTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 40)];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Of_any_corpus_equal_documents_are_on_one_side_and_about_the_requested_share_is_for_validation(int seed)
    {
        var random = new Random(seed);
        var files = Corpus(random);
        var fraction = new[] { 0.001, 0.02, 0.1, 0.3, 0.5 }[random.Next(5)];
        var (summary, text) = Prepare(files, fraction, (ulong)seed);

        text.Validation.ShouldNotBeEmpty();
        text.Train.ShouldNotBeEmpty();
        text.Train.Intersect(text.Validation).ShouldBeEmpty();
        var documents = files.SelectMany(static file => file.Documents).ToList();
        if (!IsDivided(summary))
            text.Train.Concat(text.Validation).Order(StringComparer.Ordinal).ShouldBe(documents.Order(StringComparer.Ordinal));
        else
            (text.Train.Concat(text.Validation).Sum(Bytes), Divided(documents, text)).ShouldBe((documents.Sum(Bytes), true));
        (text.Validation.Sum(Bytes) / (double)documents.Sum(Bytes)).ShouldBeInRange((fraction / 2) - 0.001, (fraction * 2) + 0.001);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Neither_names_nor_order_of_files_count(int seed)
    {
        var random = new Random(seed);
        var files = Corpus(random);
        var first = Prepare(files, 0.1, 7).Text;
        var order = files.ToArray();
        random.Shuffle(order);
        var second = Prepare(order, 0.1, 7).Text;
        second.Validation.Order(StringComparer.Ordinal).ShouldBe(first.Validation.Order(StringComparer.Ordinal));
        second.Train.Order(StringComparer.Ordinal).ShouldBe(first.Train.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_many_files_whole_ones_are_taken(bool records)
    {
        var files = Enumerable.Range(0, 100).Select(i => File(records,
            [.. Enumerable.Range(0, records ? 20 : 1).Select(j => $"{i} {j} {Texts.Prose((i * 100) + j, 500)}")])).ToArray();
        var (summary, text) = Prepare(files, 0.1, 1);
        files.ShouldAllBe(file => file.Documents.All(text.Train.Contains) || file.Documents.All(text.Validation.Contains));
        (text.Validation.Count / (double)(text.Validation.Count + text.Train.Count)).ShouldBeInRange(0.05, 0.2);
        summary.Split.ShouldBe($"{text.Validation.Count / (records ? 20 : 1)} of 100 files");
    }

    [Fact]
    public void Files_that_share_a_document_are_on_one_side_together()
    {
        var files = Enumerable.Range(0, 200).Select(
            static i => File(true, $"only {i} {Texts.Prose(i, 300)}", $"shared by two {i / 2} {Texts.Prose(-i / 2, 300)}")).ToArray();
        var text = Prepare(files, 0.1, 3).Text;
        foreach (var pair in files.Chunk(2))
            pair.SelectMany(static file => file.Documents).Select(text.Validation.Contains).Distinct().Count().ShouldBe(1);
        text.Train.Intersect(text.Validation).ShouldBeEmpty();
    }

    [Fact]
    public void A_corpus_in_which_every_document_stands_twice_is_divided_without_a_leak()
    {
        var documents = Enumerable.Range(0, 1000).Select(static i => $"{i} {Texts.Prose(i, 200)}").ToArray();
        var twice = documents.Concat(documents).ToArray();
        new Random(1).Shuffle(twice);
        foreach (var files in new[] { 1, 20 })
        {
            var text = Prepare([.. twice.Chunk(2000 / files).Select(static some => File(true, some))], 0.1, 1).Text;
            text.Train.Intersect(text.Validation).ShouldBeEmpty();
            text.Validation.Count.ShouldBeInRange(100, 400);
        }
    }

    [Fact]
    public void Another_seed_takes_others()
    {
        var files = new[] { File(true, [.. Enumerable.Range(0, 500).Select(static i => $"{i} {Texts.Prose(i, 100)}")]) };
        Prepare(files, 0.1, 1).Text.Validation.ShouldNotBe(Prepare(files, 0.1, 2).Text.Validation);
        Prepare(files, 0.1, 1).Text.Validation.ShouldBe(Prepare(files, 0.1, 1).Text.Validation);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(100)]
    [InlineData(50_000)]
    [InlineData(70_000)]
    [InlineData(1_000_000)]
    public void One_text_is_divided_once_into_what_comes_first_and_what_comes_last(int bytes)
    {
        var document = Texts.Prose(3, bytes)[..bytes];
        foreach (var copies in new[] { 1, 3 })
        {
            var (summary, text) = Prepare([.. Enumerable.Repeat(File(false, document), copies)], 0.1, 1);
            text.Train.Count.ShouldBe(copies);
            text.Validation.Count.ShouldBe(copies);
            foreach (var (head, tail) in text.Train.Zip(text.Validation))
            {
                (head + tail).ShouldBe(document);
                (Bytes(tail) / (double)Bytes(document)).ShouldBeInRange(0.05, bytes < 100 ? 0.9 : 0.2);
            }

            summary.Split.ShouldBe("the end of the largest document");
        }
    }

    [Fact]
    public void Of_a_few_books_one_is_divided_where_a_whole_one_would_be_too_much()
    {
        var books = Enumerable.Range(0, 5).Select(static i => Texts.Prose(i, 200_000 + (i * 1000))).ToArray();
        var text = Prepare([.. books.Select(static book => File(false, book))], 0.02, 1).Text;
        text.Train.Count.ShouldBe(5);
        books[4].ShouldBe(text.Train.Single(head => books[4].StartsWith(head, StringComparison.Ordinal)) + text.Validation.Single());
        Prepare([.. books.Select(static book => File(false, book))], 0.2, 1).Text.Validation.ShouldBe(
            books.Where(Prepare([.. books.Select(static book => File(false, book))], 0.2, 1).Text.Validation.Contains));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void The_head_of_a_divided_book_does_not_touch_the_next_document(int place)
    {
        var books = Enumerable.Range(0, 3).Select(i => Texts.Prose(i, i == place ? 210_000 : 200_000)).ToArray();
        var (summary, text) = Prepare([.. books.Select(static book => File(false, book))], 0.02, 1);
        IsDivided(summary).ShouldBeTrue();
        text.Train.Count.ShouldBe(3);
        using var store = TokenStore.Open(folder.Of("out"));
        var tokens = PreparedText.Tokens(store.Train);
        tokens.Count(token => token == store.Tokenizer.EndOfText).ShouldBe(place == 2 ? 2 : 3);
        summary.Train.Tokens.ShouldBe(tokens.Length);

        // The head is the last of its part and ends where it was cut.
        (tokens[^1] == store.Tokenizer.EndOfText).ShouldBe(place != 2);
    }

    [Theory]
    [InlineData("數")]
    [InlineData("x")]
    public void One_character_has_no_part_for_validation_and_two_have(string character)
    {
        Refusal(File(false, character)).ShouldName(
            $"only {Bytes(character)} bytes", "--held-out 0");
        Refusal(File(false, character), File(false, character)).ShouldName($"only {2 * Bytes(character)} bytes");
        Prepare([File(false, character)], 0, 1)
            .Text.ShouldSatisfyAllConditions(text => text.Train.ShouldBe([character]), text => text.Validation.ShouldBeEmpty());

        var text = Prepare([File(false, character + character)], 0.02, 1).Text;
        text.Train.Concat(text.Validation).ShouldBe([character, character]);
        var two = Prepare([File(false, character), File(false, "y")], 0.02, 1).Text;
        two.Train.Concat(two.Validation).Order(StringComparer.Ordinal).ShouldBe(new[] { character, "y" }.Order(StringComparer.Ordinal));
        two.Validation.Count.ShouldBe(1);

        string Refusal(params SourceText[] files) => Should.Throw<UserErrorException>(() => Prepare(files, 0.02, 1)).Message;
    }

    [Fact]
    public void The_end_of_text_stands_at_the_ends_of_documents_and_nowhere_else()
    {
        // PreparedText counts them within documents.
        var files = new[] { File(false, Texts.Prose(1, 2_000_000)), File(false, Texts.Prose(2, 70_000)),
            File(true, Texts.Prose(3, 300_000), "short") };
        var text = Prepare(files, 0, 1).Text;
        text.Train.ShouldBe(files.SelectMany(static file => file.Documents));
    }

    private static bool IsDivided(PreparationSummary summary) => summary.Split == "the end of the largest document";

    private static int Bytes(string text) => Encoding.UTF8.GetByteCount(text);

    /// <summary>Whether the parts are the documents, save that all copies of one stand as its head in one and as its tail in the
    /// other.</summary>
    private static bool Divided(List<string> documents, PreparedText text)
    {
        var tail = text.Validation.Distinct().Single();
        var head = text.Train.Except(documents).Distinct().SingleOrDefault(head => documents.Contains(head + tail))
            ?? text.Train.First(head => documents.Contains(head + tail));
        return text.Train.Select(document => document == head ? head + tail : document).Order(StringComparer.Ordinal)
            .SequenceEqual(documents.Order(StringComparer.Ordinal));
    }

    /// <summary>Few or many files, small or large, of one document or of many, with equal documents within and between them, and equal
    /// files.</summary>
    private static SourceText[] Corpus(Random random)
    {
        var files = new List<SourceText>();
        var known = new List<string> { "the first of all" };
        var twins = random.Next(3) == 0 ? 0.5 : random.Next(2) * 0.02;
        var count = new[] { 1, 2, 3, 10, 60 }[random.Next(5)];
        while (files.Count < count)
        {
            if (files.Count > 0 && random.NextDouble() < 0.1)
            {
                files.Add(files[random.Next(files.Count)]);
                continue;
            }

            var records = random.Next(2) == 0;
            var documents = Enumerable.Range(0, records ? random.Next(1, 100) : 1)
                .Select(_ => random.NextDouble() < twins ? known[random.Next(known.Count)] : New()).ToArray();
            files.Add(File(records, documents));
        }

        return [.. files];

        string New()
        {
            known.Add($"{known.Count} {Texts.Prose(random.Next(), new[] { 100, 1000, 10_000 }[random.Next(3)] / (random.Next(5) + 1))}");
            return known[^1];
        }
    }

    private static SourceText File(bool records, params string[] documents) => new(records, documents);

    private (PreparationSummary Summary, PreparedText Text) Prepare(IReadOnlyList<SourceText> files, double fraction, ulong seed)
    {
        if (Directory.Exists(folder.Of("in")))
            Directory.Delete(folder.Of("in"), recursive: true);
        foreach (var (i, file) in files.Index())
            folder.Write($"in/{i:D3}{(file.Records ? ".jsonl" : ".txt")}", file.Records ? string.Concat(
                file.Documents.Select(static text => JsonSerializer.Serialize(new { text }) + "\n")) : file.Documents.Single());
        var summary = CorpusPreparation.Run(new PreparationOptions
        {
            Source = new SourceOptions { Inputs = [folder.Of("in")] },
            Output = folder.Of("out"),
            Tokenizer = TokenizerKind.Bytes,
            ValidationFraction = fraction,
            Seed = seed,
            Force = true,
        });
        return (summary, PreparedText.Read(folder.Of("out"), isWhole: !IsDivided(summary)));
    }

    private sealed record SourceText(bool Records, string[] Documents);
}
