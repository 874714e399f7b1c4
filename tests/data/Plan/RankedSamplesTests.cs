using ActorTrain.Data.Chats;
using ActorTrain.Data.Plan;
using ActorTrain.Data.Preparation;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models.Batches;

namespace ActorTrain.Data.Tests.Plan;

public sealed class RankedSamplesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_batch_has_all_completions_of_each_ranking_the_best_first_to_the_end_of_the_turn()
    {
        // transformers#35352: a model that is trained with the end and scores without it.
        using var data = Prepared(DataKind.Rankings,
            """{"prompt": "p", "completions": ["a", "bc", "d"]}""",
            """{"prompt": "qq", "completions": ["e", "f"]}""",
            """{"prompt": "r", "completions": ["g", "h", "i", "jj"]}""");
        var samples = new RankedSamples(data.TrainSequences, microBatch: 2);
        var batches = samples.Batches([new PlannedSample(7, 0, 2), new PlannedSample(8, 0, 1), new PlannedSample(9, 1, 0)])
            .Cast<RankedBatch>().ToList();
        batches.SelectMany(static batch => batch.Rankings).ShouldBe([4, 2, 3]);
        batches.SelectMany(static batch => batch.Margins).ShouldBe([0, 0, 0]);
        batches.Select(static batch => batch.Sequences).ShouldBe([6, 3]);
        batches.SelectMany(Texts).ShouldBe(["rg$", "rh$", "ri$", "rjj$", "qqe$", "qqf$", "pa$", "pbc$", "pd$"]);
        batches.Sum(static batch => batch.TargetCount).ShouldBe(0);
        data.TrainSequences.LargestGroup.ShouldBe(4);
    }

    [Theory]
    [InlineData("chatml")]
    [InlineData("llama3")]
    [InlineData("plain")]
    public void A_sequence_ends_with_the_token_that_ends_the_answer_as_it_does_when_a_model_has_given_it(string template)
    {
        // ChatML writes a line feed behind that token.
        using var data = PreparedBy(template, DataKind.Pairs, """{"prompt": "p", "chosen": "a", "rejected": "b"}""");
        var end = new ChatEncoder(data.Template!, data.Tokenizer, "data").EndOfTurn;
        var batch = new RankedSamples(data.TrainSequences, microBatch: 1).FromStart(0).ShouldHaveSingleItem();
        for (var sequence = 0; sequence < 2; sequence++)
            batch.Inputs[batch.RowsOf(sequence).End - 1].ShouldBe(end);
    }

    [Fact]
    public void A_pair_is_a_ranking_of_two_with_its_margin()
    {
        using var data = Prepared(DataKind.Pairs,
            """{"prompt": "p", "chosen": "a", "rejected": "b", "margin": 0.5}""",
            """{"prompt": "q", "chosen": "c", "rejected": "d"}""");
        var batch = new RankedSamples(data.TrainSequences, microBatch: 5).FromStart(0).ShouldHaveSingleItem();
        batch.Rankings.ShouldBe([2, 2]);
        batch.Margins.ShouldBe([0.5, 0]);
        Texts(batch).ShouldBe(["pa$", "pb$", "qc$", "qd$"]);
        data.TrainSequences.LargestGroup.ShouldBe(2);
    }

    [Fact]
    public void In_order_every_ranking_is_read_once()
    {
        using var data = Prepared(DataKind.Rankings,
            [.. Enumerable.Range(0, 7).Select(static i => $$"""{"prompt": "p{{i}}", "completions": ["x", "y", "z"]}""")]);
        for (var microBatch = 1; microBatch < 9; microBatch++)
        {
            var samples = new RankedSamples(data.TrainSequences, microBatch);
            samples.FromStart(0).SelectMany(Texts)
                .ShouldBe(Enumerable.Range(0, 7).SelectMany(static i => new[] { $"p{i}x$", $"p{i}y$", $"p{i}z$" }));
            samples.FromStart(1).ShouldHaveSingleItem().Rankings.Count.ShouldBe(Math.Min(7, microBatch));
        }
    }

    // Each sequence; $ is the end of text, ahead of which nothing is.
    private static IEnumerable<string> Texts(RankedBatch batch) => Enumerable.Range(0, batch.Sequences).Select(sequence =>
    {
        var (start, end) = batch.RowsOf(sequence);
        return string.Concat(batch.Inputs[start..end].Select(static id => id == ByteTokenizer.EndOfTextId ? '$' : (char)id)).TrimStart('$');
    });

    private TokenStore Prepared(DataKind kind, params string[] records) => PreparedBy("plain", kind, records);

    private TokenStore PreparedBy(string template, DataKind kind, params string[] records)
    {
        var input = folder.Of("records.jsonl");
        File.WriteAllLines(input, records);
        return TokenStore.Open(CorpusPreparation.Run(new PreparationOptions
        {
            Source = new SourceOptions { Inputs = [input] },
            Output = folder.Of("data"),
            Kind = kind,
            Template = template,
            Tokenizer = TokenizerKind.Bytes,
            ValidationFraction = 0,
        }).Folder);
    }
}
