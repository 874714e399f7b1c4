using ActorTrain.Data.Chats;
using ActorTrain.Data.Plan;
using ActorTrain.Data.Preparation;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models.Batches;

namespace ActorTrain.Data.Tests.Plan;

public sealed class PairSamplesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_batch_has_both_completions_of_each_pair_the_preferred_one_first_and_their_references()
    {
        using var data = Prepared(("ab", "c", "de"), ("f", "ghi", "j"), ("k", "l", "mn"));
        var samples = new PairSamples(data.TrainSequences, microBatch: 2, references: [-1, -2, -3, -4, -5, -6]);
        var batches = samples.Batches([new PlannedSample(7, 0, 2), new PlannedSample(8, 0, 0), new PlannedSample(9, 1, 1)])
            .Cast<PairBatch>().ToList();
        batches.Select(static batch => batch.Sequences).ShouldBe([4, 2]);
        batches[0].References.ShouldBe([-5, -6, -1, -2]);
        batches[1].References.ShouldBe([-3, -4]);
        batches.SelectMany(Texts).ShouldBe(["l$", "mn$", "c$", "de$", "ghi$", "j$"]);
        foreach (var batch in batches)
        {
            for (var sequence = 0; sequence < batch.Sequences; sequence++)
            {
                // Each target is the input of the next row, or the end.
                var (start, end) = batch.RowsOf(sequence);
                for (var row = start; row < end - 1; row++)
                    (batch.Targets[row] == TokenBatch.NoTarget || batch.Targets[row] == batch.Inputs[row + 1]).ShouldBeTrue();
            }
        }
    }

    [Fact]
    public void In_order_every_pair_is_read_once_and_without_references_there_are_none()
    {
        using var data = Prepared([.. Enumerable.Range(0, 7).Select(static i => ($"p{i}", $"x{i}", $"y{i}"))]);
        for (var microBatch = 1; microBatch < 9; microBatch++)
        {
            var samples = new PairSamples(data.TrainSequences, microBatch, references: []);
            var batches = samples.FromStart(0).ToList();
            batches.Sum(static batch => batch.Sequences).ShouldBe(14);
            batches.SelectMany(Texts).ShouldBe(Enumerable.Range(0, 7).SelectMany(static i => new[] { $"x{i}$", $"y{i}$" }));
            batches.ShouldAllBe(static batch => batch.References.Length == 0);
            samples.FromStart(1).ShouldHaveSingleItem().Sequences.ShouldBe(2 * Math.Min(7, microBatch));
        }
    }

    [Fact]
    public void A_mismatched_sequence_has_the_answer_to_the_next_other_prompt_and_a_reference_of_its_own()
    {
        using var data = Prepared(("ab", "c", "de"), ("ab", "fg", "h"), ("xyz", "ij", "k"), ("l", "mnopqrst", "n"));
        var samples = new PairSamples(
            data.TrainSequences, microBatch: 3, references: [.. Enumerable.Range(0, 12).Select(static i => (double)i)], mismatched: true);
        var batches = samples.Batches([.. ((long[])[0, 1, 2, 3]).Select(static pair => new PlannedSample(pair, 0, pair))])
            .Cast<PairBatch>().Select(static batch => batch.Mismatched.ShouldNotBeNull()).ToList();
        batches.SelectMany(static batch => batch.References).ShouldBe([8, 9, 10, 11]);

        // The first pair follows the last; what would be longer than the longest is cut off.
        batches.SelectMany(Texts).ShouldBe(["ij$", "ij$", "mnopqrs", "c$"]);
        batches.SelectMany(Prompts).ShouldBe(["ab", "ab", "xyz", "l"]);
        samples.FromStart(0).SelectMany(batch => Texts(batch.Mismatched!)).ShouldBe(batches.SelectMany(Texts));
    }

    // What is ahead of the targets.
    private static IEnumerable<string> Prompts(TokenBatch batch) => Enumerable.Range(0, batch.Sequences).Select(sequence =>
    {
        var (start, end) = batch.RowsOf(sequence);
        return string.Concat(batch.Inputs[start..end].Take(Array.FindIndex(batch.Targets[start..end], static id => id >= 0) + 1)
            .Where(static id => id != ByteTokenizer.EndOfTextId).Select(static id => (char)id));
    });

    // What the targets of each sequence say; $ is the end of text.
    private static IEnumerable<string> Texts(TokenBatch batch) => Enumerable.Range(0, batch.Sequences).Select(sequence =>
    {
        var (start, end) = batch.RowsOf(sequence);
        return string.Concat(batch.Targets[start..end].Where(static id => id != TokenBatch.NoTarget)
            .Select(static id => id == ByteTokenizer.EndOfTextId ? '$' : (char)id));
    });

    private TokenStore Prepared(params (string Prompt, string Chosen, string Rejected)[] pairs)
    {
        var input = folder.Of("pairs.jsonl");
        File.WriteAllLines(input, pairs.Select(static pair =>
            $$"""{"prompt": "{{pair.Prompt}}", "chosen": "{{pair.Chosen}}", "rejected": "{{pair.Rejected}}"}"""));
        return TokenStore.Open(CorpusPreparation.Run(new PreparationOptions
        {
            Source = new SourceOptions { Inputs = [input] },
            Output = folder.Of("data"),
            Kind = DataKind.Pairs,
            Template = "plain",
            Tokenizer = TokenizerKind.Bytes,
            ValidationFraction = 0,
        }).Folder);
    }
}
