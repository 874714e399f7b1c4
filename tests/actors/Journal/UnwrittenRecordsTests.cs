using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Journal;

public sealed class UnwrittenRecordsTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    /// <summary>Of what a life owes, the first so many may have become durable unheard, and decisions of others may stand before, between
    /// and behind them.</summary>
    [Fact]
    public void Every_decision_is_there_once_whoever_else_wrote_and_however_much_had_landed()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var known = Decisions(0, random.Next(4));
            var owed = Decisions(100, random.Next(5));
            var others = Decisions(200, random.Next(4));
            var landed = random.Next(owed.Count + 1);
            var recorded = known.ToList();
            var (ofOwed, ofOthers) = (0, 0);
            while (ofOwed < landed || ofOthers < others.Count)
                recorded.Add(ofOthers == others.Count || (ofOwed < landed && random.Next(2) == 0) ? owed[ofOwed++] : others[ofOthers++]);

            new UnwrittenRecords(known.Count, owed, 0, []).After(recorded).ShouldBe([.. recorded, .. owed.Skip(landed)], $"seed {seed}");
        }
    }

    [Fact]
    public void Measurements_of_rollouts_are_left_to_the_next_process_even_where_none_had_a_reward()
    {
        var summary = new RolloutSummary(8, 100, 8, double.NaN, [0.25, double.NaN], null, 1.5, 0.75, 1);
        var measured = new StepMeasurement(13, 2.5, 0.7, TimeSpan.FromSeconds(0.25), [1, 2]) { Rollouts = summary };
        var left = new UnwrittenRecords(3, Decisions(0, 1), 12, [new MetricsItem(measured, 13)]);
        var read = UnwrittenCodec.Read("file", UnwrittenCodec.Write(left)).Measurements.ShouldHaveSingleItem();
        read.Measurement.ShouldBeOfType<StepMeasurement>().Rollouts.ShouldBe(summary);
    }

    private static List<RunEvent> Decisions(int from, int count) =>
        [.. Enumerable.Range(from, count).Select(static step => new CheckpointCommitted(At, step, "hash"))];
}
