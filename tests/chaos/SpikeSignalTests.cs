using System.Collections.Concurrent;
using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Spikes;
using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Chaos.Tests.World;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Metrics;
using static TorchSharp.torch;

namespace ActorTrain.Chaos.Tests;

/// <summary>What rules see of real steps, and what they find who look at lanes: one lane of one step reads noise.</summary>
public sealed class SpikeSignalTests
{
    private const int NoisyStep = 30;

    private static ChaosText Training => ChaosText.NoiseInOneLane;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    public void Noise_in_one_lane_is_found_by_who_looks_at_lanes_and_the_bits_are_those_of_a_run_that_never_read_it(int trainers,
        int reducers)
    {
        var listening = new Listening();
        var run = Run(trainers, reducers, listening,
            new WatchedSignals(SpikeSignal.Loss, SpikeSignal.GradientNorm, SpikeSignal.LaneLoss, SpikeSignal.UpdateNorm));
        var judged = run.Journal.OfType<SpikeJudged>().ShouldHaveSingleItem();
        (judged.Step, judged.Rule, judged.Signal, judged.Rung)
            .ShouldBe((NoisyStep, MeanSigmaRule.Id, SpikeSignal.LaneLoss.Name, Rung.Veto), judged.Evidence);
        judged.Evidence.ShouldStartWith($"the largest lane loss of step {NoisyStep} (lane 5) is ");
        var skips = JournalState.Of(run.Journal).Skips;
        skips.Ranges.Sum(static range => range.Count).ShouldBe(Training.Plan.BatchSize);

        // The same steps without actors: gradients in one piece, and norms by other operations.
        var seen = new List<StepSignals>();
        var expected = Training.BareLoop(skips, (step, lanes, total, way) =>
        {
            double Norm(Func<string, bool> isPart) => Math.Sqrt(Training.Layout.Entries.Where(entry => isPart(entry.Name))
                .Sum(entry => total.Gradient.narrow(0, entry.Offset, entry.Count).to(ScalarType.Float64).square().sum().item<double>()));
            seen.Add(new StepSignals
            {
                Step = step,
                Loss = total.Loss,
                LaneLosses = [.. lanes.Select(static part => part * ChaosText.Lanes)],
                GradientNorm = Norm(static _ => true),
                EmbeddingNorm = Norm(static name => name is "tokens.weight" or "positions.weight"),
                UpdateNorm = way,
                BlockNorms = [.. Enumerable.Range(0, 2)
                    .Select(block => Norm(name => name.StartsWith($"blocks.{block}.", StringComparison.Ordinal)))],
            });
        });
        run.State.ShouldBe(expected.State, "the hash of weights and moments");
        run.Rows.Select(static row => (row.Loss, row.GradientNorm)).ShouldBe(expected.Steps, "loss and norm of the steps");
        run.Rows.Select(static row => (row.LaneLoss, row.EmbeddingNorm, row.BlockNorm, row.UpdateNorm)).ShouldBe(
            Enumerable.Range(0, Training.Steps).Select(step => listening.Last[step])
                .Select(static shown => ((double?)shown.LaneLosses.Max(), shown.EmbeddingNorm, (double?)shown.BlockNorms.Max(),
                    shown.UpdateNorm)), "the signals in the metrics");
        foreach (var step in seen)
        {
            var shown = listening.Last[step.Step];
            (shown.Loss, shown.Tokens).ShouldBe((step.Loss, Training.TokensPerStep));
            shown.LaneLosses.ShouldBe(step.LaneLosses);
            foreach (var signal in SpikeSignal.All.Where(signal => signal.Known(step) is not null))
                signal.Of(shown).ShouldBe(signal.Of(step), 1e-9 * signal.Of(step), signal.In(step));
        }
    }

    [Fact]
    public void Who_looks_at_the_whole_batch_alone_reads_it_as_any_other()
    {
        var run = Run(1, 1, new Listening(), WatchedSignals.LossAndNorm);
        run.Journal.OfType<SpikeJudged>().ShouldBeEmpty();
        run.State.ShouldBe(Training.Undisturbed.State, "the hash of weights and moments");
    }

    private static (ulong State, IReadOnlyList<StepMetrics> Rows, IReadOnlyList<RunEvent> Journal) Run(int trainers, int reducers,
        SpikeRule listening, WatchedSignals signals)
    {
        var folder = Directory.CreateTempSubdirectory("actortrain-signals-").FullName;
        try
        {
            var place = new ChaosPlace(folder);
            var life = new RunPart(new RandomSchedule
            {
                Seed = 0,
                Training = Training,
                Trainers = trainers,
                Reducers = reducers,
                PreviewsUpdates = signals.Contains(SpikeSignal.UpdateNorm)
            }, 0, place)
            {
                Detection = new SpikeDetection(
                    [new NonFiniteRule(), listening, new MeanSigmaRule(new() { Window = 12, Warmup = 12, Signals = signals })]),
            };
            life.Live().Ending.ShouldBe(RunEnding.Finished);
            using var checkpoint = place.OpenCheckpoints()
                .LoadLatest(Training.Layout, static fault => throw new InvalidOperationException(fault.Sentence)).ShouldNotBeNull();
            return (
                StateHash.Of(checkpoint.Weights, checkpoint.FirstMoment!, checkpoint.SecondMoment!),
                [.. MetricsLog.Read(place.MetricsFile).OfType<StepMetrics>()], place.ReadJournal());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Finds nothing, and knows what each step showed when it was judged last.</summary>
    private sealed class Listening : SpikeRule
    {
        public ConcurrentDictionary<long, StepSignals> Last { get; } = new();

        public override string Name => "listening";

        public override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
        {
            Last[signals.Step] = signals;
            return new Opinion(null, memory, memory);
        }
    }
}
