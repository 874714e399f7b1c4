using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Spikes;
using ActorTrain.Models.Optimization;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Host.Rollouts;

/// <summary>What changed the updates of a run beyond its options: interventions of the journal, and rules that judge the steps'
/// signals.</summary>
/// <param name="detection">The run's rules.</param>
/// <param name="schedule">Without extensions.</param>
internal sealed class UpdateRules(SpikeDetection detection, LearningRateSchedule schedule, JournalState journal)
{
    private SpikeMemory memory = SpikeMemory.Empty;

    /// <summary>Continues from a state of the run.</summary>
    public void Begin(RunOrigin origin) => memory = origin.Overrides.Spikes;

    /// <summary>The learning rate of a step by the schedule, extensions included.</summary>
    public double RateAt(long step) => InForce(step).Extended(schedule).At(step);

    /// <summary>The changes of a step's update; the rules remember it.</summary>
    public UpdateAdjustment AdjustmentOf(StepSignals signals)
    {
        var judgement = detection.Judge(signals, memory);
        memory = judgement.IfApplied;
        return judgement.Adjustment with
        {
            LearningRate = RateAt(signals.Step),
            RateFactor = judgement.Adjustment.RateFactor * InForce(signals.Step).RateFactor,
        };
    }

    /// <summary>A step in a range whose first batch was skipped by a rule: what the rules remember of that batch is lost, since its
    /// rollouts were replaced by those of the next. Null if there is none.</summary>
    public long? VetoWithin(long from, long before) => journal.Vetoed.Where(veto => veto.Step >= from && veto.Step < before)
        .Select(static veto => (long?)veto.Step).FirstOrDefault();

    // In the order in which they took effect.
    private RunOverrides InForce(long step) => RunOverrides.None with
    {
        Interventions = [.. journal.Interventions.Where(intervention => intervention.From <= step)
            .OrderBy(static intervention => intervention.From).ThenBy(static intervention => intervention.Number)],
    };
}
