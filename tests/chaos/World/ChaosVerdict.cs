using System.Collections.Frozen;
using ActorTrain.Actors.Metrics;
using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Metrics;

namespace ActorTrain.Chaos.Tests.World;

/// <summary>What has to hold of a finished run, whatever its faults.</summary>
internal static class ChaosVerdict
{
    /// <summary>Weights and moments are bitwise those of the bare loop; metrics, ledger and journal tell of each step once.</summary>
    /// <param name="place">Where the run is kept.</param>
    /// <param name="schedule">Its faults.</param>
    /// <param name="record">What was recorded of its last part; null where that was another process.</param>
    /// <param name="damaged">Steps whose rollouts were damaged between its parts.</param>
    public static void Check(ChaosPlace place, RandomSchedule schedule, DecisionRecord? record, IReadOnlySet<long>? damaged = null)
    {
        var training = schedule.Training;
        var expected = training.Undisturbed;
        using var checkpoint = place.OpenCheckpoints()
            .LoadLatest(training.Layout, static fault => throw new InvalidOperationException(fault.Sentence)).ShouldNotBeNull();
        checkpoint.Manifest.Facts.Step.ShouldBe(training.Steps);
        StateHash.Of(checkpoint.Weights, checkpoint.FirstMoment!, checkpoint.SecondMoment!)
            .ShouldBe(expected.State, "the hash of weights and moments");

        var (metrics, ledger) = (MetricsLog.ReadHistory(place.MetricsFile), SampleLedger.ReadHistory(place.LedgerFile));
        metrics.Unequal.ShouldBeEmpty("steps that were computed again");
        ledger.Unequal.ShouldBeEmpty("steps that were computed again");
        var rows = metrics.Line.Select(static row => row.Row).ToList();
        rows.OfType<StepMetrics>().Select(static row => (row.Step, row.Loss, row.GradientNorm))
            .ShouldBe(expected.Steps.Select(static (step, index) => (index + 1L, step.Loss, step.Norm)), "loss and norm of the steps");
        rows.OfType<EvaluationMetrics>().Select(static row => (row.Step, row.ValidationLoss))
            .ShouldBe(Evaluated(schedule).Select(step => (step, expected.Validation[(int)step])), "the evaluations");

        var journal = place.ReadJournal();
        var state = JournalState.Of(journal);
        var audit = SampleAudit.Check(new AuditInput(
            training.Plan, training.Replica.Model.ContextLength, ledger.Line.Select(static row => row.Row), state.Skips,
                checkpoint.Manifest.Facts, training.Steps));
        audit.Contradictions.ShouldBeEmpty();
        audit.Steps.ShouldBe(training.Steps);
        audit.Consumed.ShouldBe(training.Steps * (long)training.Plan.BatchSize);

        state.Ending.ShouldBe(new JournalEnding(true, training.Steps, checkpoint.Manifest.WeightsHash));
        state.NewestCheckpoint.ShouldBe(training.Steps);
        state.Skips.ShouldBe(SkipList.Empty);
        (state.Steps, state.Lanes).ShouldBe((training.Steps, training.Replica.Lanes));
        if (record is not null)
        {
            journal.ShouldBe(record.All, "the decisions");
            state.ShouldBe(JournalState.Of(record.All));
        }

        training.Check(place, schedule, damaged ?? FrozenSet<long>.Empty);
    }

    private static IEnumerable<long> Evaluated(RandomSchedule schedule) => schedule.Training.Undisturbed.Validation.Count == 0 ? []
        : Enumerable.Range(1, schedule.Training.Steps).Where(step => step % schedule.EvaluateEvery == 0 || step == schedule.Training.Steps)
            .Select(static step => (long)step);
}
