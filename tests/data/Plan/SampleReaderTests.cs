using ActorTrain.Data.Plan;
using ActorTrain.Data.Preparation;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tokenizers;

namespace ActorTrain.Data.Tests.Plan;

public sealed class SampleReaderTests : IDisposable
{
    private const int EndOfText = 256;
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_token_of_a_part_is_a_target_once_however_long_part_context_and_batch_are()
    {
        var random = new Random(5);
        for (var round = 0; round < 20; round++)
        {
            using var store = Prepare([.. Enumerable.Range(0, 1 + random.Next(3))
                .Select(_ => new string('x', 1 + random.Next(round % 2 == 0 ? 60 : 1500)))], round);
            var tokens = new long[store.Train.Tokens];
            store.Train.Read(0, tokens);
            foreach (var (context,
                microBatch) in new[] { (1, 1), (7, 3), (16, 4), ((int)store.Train.Tokens, 2), ((int)store.Train.Tokens - 1, 1), (1000, 8) })
            {
                var batches = new SampleReader(store.Train, context, microBatch).FromStart(0).ToArray();
                batches.SelectMany(static batch => batch.Targets)
                    .ShouldBe(tokens, $"round {round}, context {context}");
                foreach (var batch in batches)
                    (batch.Sequences, batch.Longest).ShouldBe((Math.Min(batch.Sequences, microBatch), Math.Min(batch.Longest, context)));

                // Each is predicted from what comes before it, the first from an end of text.
                batches.SelectMany(static batch => batch.Inputs).ShouldBe([EndOfText, .. tokens[..^1]]);

                new SampleReader(store.Train, context, microBatch).FromStart(1).Sum(static batch => batch.TargetCount)
                    .ShouldBe(batches[0].TargetCount);
            }
        }
    }

    private TokenStore Prepare(string[] documents, int round)
    {
        var inputs = documents.Select((_, i) => folder.Of($"{round}-{i}.txt")).ToArray();
        foreach (var (path, text) in inputs.Zip(documents))
            File.WriteAllText(path, text);
        return TokenStore.Open(CorpusPreparation.Run(new PreparationOptions
        {
            Source = new SourceOptions { Inputs = inputs },
            Output = folder.Of($"data-{round}"),
            Tokenizer = TokenizerKind.Bytes,
            ValidationFraction = 0,
            ShardTokens = 1024,
        }).Folder);
    }
}
