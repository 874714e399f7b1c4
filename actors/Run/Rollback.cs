using ActorTrain.Actors.Recovery;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Rolls back to an earlier state: abandons everything of later steps and redoes them.</summary>
internal sealed class Rollback(
    RunOutput output, Decisions decisions, TrainerRoster roster, RunProgress progress, KeptStates states, Rounds rounds, StateVotes votes,
    Saving saving, Evaluations evaluations, Experiences experiences, MetricsStream metrics)
{
    /// <summary>Makes all trainers drop their state and load the newest one kept at or before <paramref name="to"/>.</summary>
    public void GoBack(long to, string reason)
    {
        if (to > progress.Step)
            throw new InvariantException($"A run at step {progress.Step} cannot roll back to step {to}.");
        var (kind, step) = states.NewestUntil(to);
        if (step > to)
            throw new InvariantException($"The state of step {step} is too new for a rollback to step {to}.");
        decisions.Record(new RunRolledBack(output.Now, step, progress.Step, kind, reason));
        output.Warn($"rolling back from step {progress.Step} to the {RunEventWords.InWords(kind)} at step {step}: {reason}");
        foreach (var trainer in roster.All.Where(static trainer => trainer.HasState))
        {
            states.Release(trainer);
            rounds.Release(trainer);
            trainer.ForgetState();
            roster.Refresh(trainer);
        }

        roster.NextGeneration();
        saving.ForgetAfter(step);
        states.ForgetAfter(step);
        Return(step, reason);
        saving.SaveReturn(step);
    }

    /// <summary>Resumes from the newest kept state, since no trainer has a later one.</summary>
    public void Return(long step, string reason)
    {
        rounds.ForgetUpdates();
        rounds.Abandon();
        states.Snapshots.DropAfter(step);
        foreach (var trainer in roster.All.Where(trainer => trainer.UnprovedSince >= step))
            trainer.Doubt();
        progress.ReturnTo(step, states.OverridesAt(step), output.Now);
        votes.Clear();
        evaluations.ReturnTo(step);
        experiences.Forget();
        saving.ForgetDue();
        metrics.Add(new MetricsItem(null, step) { Reason = reason });
    }
}
