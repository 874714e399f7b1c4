using System.Text.Json;
using ActorTrain.Data.Chats;
using ActorTrain.Data.Plan;
using ActorTrain.Data.Preparation;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models.Batches;

namespace ActorTrain.Data.Tests.Plan;

public sealed class ChatSamplesTests : IDisposable
{
    // Of the bytes' tokenizer.
    private const long End = 256;
    private const long None = TokenBatch.NoTarget;
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Chats_lie_side_by_side_and_each_row_has_the_token_behind_it_as_target_if_the_assistant_says_it()
    {
        using var store = Prepare([("ab", "c"), ("d", "ef"), ("gh", "i")], "plain");
        var batches = new ChatSamples(store.TrainSequences, microBatch: 2).Batches([Sample(1), Sample(0), Sample(2)]).ToList();
        batches.Count.ShouldBe(2);
        batches[0].Inputs.ShouldBe(['d', 'e', 'f', 'a', 'b', 'c']);
        batches[0].Targets.ShouldBe(['e', 'f', End, None, 'c', End]);
        batches[0].Ends.ShouldBe([3, 6]);
        (batches[0].Sequences, batches[0].Longest, batches[0].TargetCount).ShouldBe((2, 3, 5));
        batches[1].Inputs.ShouldBe(['g', 'h', 'i']);
        batches[1].Targets.ShouldBe([None, 'i', End]);
        batches[1].Ends.ShouldBe([3]);
    }

    [Fact]
    public void The_end_of_a_turn_is_a_target_and_what_follows_it_is_not()
    {
        using var store = Prepare([("q", "a")], "chatml");
        var batch = new ChatSamples(store.TrainSequences, microBatch: 1).FromStart(0).Single();
        var turnEnd = store.Tokenizer.SpecialTokens()["<|im_end|>"];
        batch.Targets[^3..].ShouldBe(['a', turnEnd, None]);
        batch.TargetCount.ShouldBe(2);
        batch.Inputs[^1].ShouldBe(turnEnd);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Any_chats_are_read_whole_and_counted_whatever_the_micro_batch(int seed)
    {
        var random = new Random(seed);
        string Text() => new('x', 1 + random.Next(seed % 2 == 0 ? 5 : 70));
        using var store = Prepare([.. Enumerable.Range(0, 1 + random.Next(30)).Select(_ => (Text(), Text()))], "chatml");
        var part = store.TrainSequences;
        foreach (var microBatch in (int[])[1, 2, 3, 64])
        {
            var samples = new ChatSamples(part, microBatch);
            var all = samples.FromStart(0).ToList();
            Rows(all).ShouldBe(Expected(part, Range(part.Sequences)), $"seed {seed}, micro-batch {microBatch}");
            all.Sum(static batch => batch.TargetCount).ShouldBe(part.Targets);
            all.ShouldAllBe(batch => batch.Sequences <= microBatch);
            Rows(samples.FromStart(1)).ShouldBe(Expected(part, Range(Math.Min(microBatch, part.Sequences))));

            PlannedSample[] planned = [.. Enumerable.Range(0, 17).Select(_ => Sample(random.NextInt64(part.Sequences)))];
            Rows(samples.Batches(planned)).ShouldBe(Expected(part, planned.Select(static sample => sample.Sample)));
            samples.Targets(planned).ShouldBe(samples.Batches(planned).Sum(static batch => batch.TargetCount));
        }
    }

    private static PlannedSample Sample(long chat) => new(Position: 0, Epoch: 0, chat);

    private static IEnumerable<long> Range(long count) => Enumerable.Range(0, (int)count).Select(static i => (long)i);

    private static IEnumerable<(long Input, long Target, bool IsLast)> Rows(IEnumerable<TokenBatch> batches) =>
        from batch in batches
        from row in Enumerable.Range(0, batch.Inputs.Length)
        select (batch.Inputs[row], batch.Targets[row], batch.Ends!.Contains(row + 1));

    private static IEnumerable<(long Input, long Target, bool IsLast)> Expected(SequencePart part, IEnumerable<long> chats)
    {
        foreach (var chat in chats)
        {
            var (tokens, isTarget) = (new long[part.LengthOf(chat)], new bool[part.LengthOf(chat)]);
            part.Read(chat, tokens, isTarget);
            for (var i = 1; i < tokens.Length; i++)
                yield return (tokens[i - 1], isTarget[i] ? tokens[i] : None, i == tokens.Length - 1);
        }
    }

    private TokenStore Prepare((string Prompt, string Completion)[] chats, string template)
    {
        File.WriteAllLines(folder.Of("chats.jsonl"), chats.Select(static chat => JsonSerializer.Serialize(
            new Dictionary<string, string> { ["prompt"] = chat.Prompt, ["completion"] = chat.Completion })));
        return TokenStore.Open(CorpusPreparation.Run(new PreparationOptions
        {
            Source = new SourceOptions { Inputs = [folder.Of("chats.jsonl")] },
            Kind = DataKind.Chat,
            Template = template,
            Output = folder.Of("data"),
            Tokenizer = TokenizerKind.Bytes,
            ValidationFraction = 0,
        }).Folder);
    }
}
