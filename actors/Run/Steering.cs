using ActorTrain.Models;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Interventions of the run itself or of operators in later steps.</summary>
/// <remarks>An intervention is in force from a step on, whenever it is decided: steps computed beyond that step without it are abandoned
/// and redone. So a run that is killed in between, and one that had the intervention from the start, end with the same bits.</remarks>
internal sealed class Steering(LearningRateSchedule schedule, RunOutput output, RunEnd end, Decisions decisions, RunProgress progress,
    Rounds rounds, Rollback rollback)
{
    /// <summary>The step from which a decision taken now takes effect.</summary>
    public long EffectiveFrom =>
        progress.Interventions.EffectiveFrom(rounds.Current is null ? progress.Step : progress.Step + 1, progress.Overrides);

    public void Intervene(Intervention intervention)
    {
        if (intervention.From < 0 || !(intervention.RateFactor > 0))
            throw new InvariantException($"Intervention {intervention.Number} is from step {intervention.From}, with the rate factor "
                + $"{intervention.RateFactor}.");
        if (intervention.Steps is { } steps && steps <= progress.LastStep)
            throw new InvariantException($"A run of {progress.LastStep} steps cannot be extended to {steps}.");
        progress.Note(intervention);
        decisions.Record(intervention.Steps is null ? new CourseCorrected(output.Now, progress.Step, intervention)
            : new RunExtended(output.Now, progress.Step, intervention));
        if (intervention.From >= progress.Step)
            progress.LookAhead();
        Follow();
    }

    public void Extend(long steps, long from, string by)
    {
        var transition = schedule.TransitionOf(from, steps);
        var rate = transition > 0 ? $"moves linearly over {transition} steps from the current schedule to" : "is";
        var reason = $"Extended by {by} from {progress.LastStep} to {steps} steps; from step {from}, "
            + $"the learning rate {rate} that of a run of {steps} steps.";
        Intervene(new Intervention(progress.Interventions.Next, from, [], 1, by, reason) { Steps = steps });
    }

    /// <summary>Abandons everything computed since a step, in memory and on disk, without other changes.</summary>
    public void Distrust(long since, string reason)
    {
        if (since < progress.Step)
            Intervene(new Intervention(progress.Interventions.Next, since, [], 1, Intervention.Automatic, reason));
    }

    /// <summary>Applies interventions whose step has come, and rolls back for those whose step is past.</summary>
    public void Follow()
    {
        while (!end.IsRecorded && progress.Interventions.Pending(progress.Overrides).FirstOrDefault() is { } intervention)
        {
            if (intervention.From < progress.Step)
            {
                rollback.GoBack(intervention.From, intervention.Reason);
                continue;
            }

            if (intervention.From > progress.Step || (intervention.Steps is not null && decisions.ExtensionWaits))
                return;

            // Trainers that already compute this step may have started with samples that are skipped now.
            if (intervention.Skipped.Count > 0)
                rounds.Abandon();
            progress.Follow(intervention);
        }
    }
}
