using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Run;

/// <summary>What trainers that outlive this process are given with each update, so that the next process can resume from their
/// states.</summary>
internal sealed class StateRecords(RunLogicOptions options, Decisions decisions, MetricsStream metrics, TrainerRoster roster)
{
    // Each update would carry all of them.
    private const int MostMeasurements = 64;

    /// <param name="measurement">Of the step.</param>
    /// <param name="overrides">After it.</param>
    /// <returns>Null if trainers end with this process, or none has a whole state; or while more rows wait to be written, or a rewind
    /// does.</returns>
    public StateRecord? Of(StepMeasurement measurement, RunOverrides overrides)
    {
        if (!options.TrainersRetainStates || options.DividesOptimizer || metrics.WaitingCount >= MostMeasurements
            || metrics.Waiting.Any(static item => item.Measurement is null))
            return null;

        // A power cut may take a rewind from the file: then rows that the run has left would pass for those before the state.
        if (!metrics.IsSettled(metrics.LastRewind))
        {
            metrics.Flush(metrics.LastRewind);
            return null;
        }

        List<Measurement> unwritten = [.. metrics.Waiting.Select(static item => item.Measurement!), measurement];

        // A power cut may take the evaluation of a step from the file, and leave the step.
        if (metrics.LastEvaluation is { } evaluation && evaluation.Step == metrics.WrittenStep && !unwritten.Contains(evaluation))
            unwritten.Insert(0, evaluation);
        return new StateRecord(
            decisions.Basis, overrides, roster.UnprovedBefore(measurement.Step), metrics.WrittenStep, unwritten);
    }
}
