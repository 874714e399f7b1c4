using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;

namespace ActorTrain.Actors.Run;

/// <summary>Repeats unanswered commands to trainers with exponential backoff, and abandons trainers that stay silent too long.</summary>
internal sealed class TrainerReminders(RunLogicOptions options, RunOutput output, TrainerRoster roster, Rounds rounds,
    Membership membership)
{
    public DateTimeOffset? DueAt =>
        roster.All.Where(static trainer => trainer.Standing != TrainerStanding.GivenUp && (trainer.IsAsked || trainer.Key is null))
        .Select(static trainer => (DateTimeOffset?)trainer.Retry.At).Min();

    public void Remind()
    {
        foreach (var trainer in roster.All)
            Remind(trainer);
    }

    /// <summary>Handles a trainer's position: commands before it were lost.</summary>
    public void Reconcile(TrainerEntry trainer, AtAnotherStep other)
    {
        // A report of a state that it has left came late: after a rollback it would pass for work on the new state.
        if (trainer.Loading is null && other.Load != trainer.Load)
            return;
        var step = other.Step;
        if (trainer.Loading is null && trainer.HasState)
        {
            if (step < trainer.Step)
                return;

            // Its state is not the one it was given, so it cannot be used.
            if (step > trainer.ToldStep)
            {
                membership.Abandon(trainer, $"It reported the unexpected step {step}.");
                return;
            }
        }

        if (trainer.Loading is null)
        {
            trainer.Step = Math.Max(trainer.Step, step);

            // Checks on weights it no longer has are refused each time, and would leave it no time for other work.
            trainer.Rechecks.RemoveAll(check => check.Ticket.Round.Step < step);
        }

        Repeat(trainer);
    }

    private void Remind(TrainerEntry trainer)
    {
        if (trainer.Standing == TrainerStanding.GivenUp || !trainer.Retry.IsDue(output.Now))
            return;
        if (trainer.Key is null)
        {
            if (!trainer.IsRetiring)
                output.Do(new ToTrainerSupervisor(new StartTrainer(trainer.Number, trainer.LastIncarnation)));
            if (trainer.Standing == TrainerStanding.Unplaced)
                output.Do(new ToTrainerSupervisor(new RetireOthers([.. roster.All.Select(static other => other.Number)])));
        }
        else if (trainer.IsAsked)
        {
            if (output.Now - trainer.HeardAt >= options.TrainerTimeout)
            {
                membership.Abandon(trainer, $"No heartbeat for {options.TrainerTimeout.TotalSeconds:0.###} s.");
                return;
            }

            Repeat(trainer);
        }

        trainer.Retry.Repeat(output.Now);
    }

    private void Repeat(TrainerEntry trainer)
    {
        if (trainer.Loading is { } loading)
            Do(loading);
        foreach (var update in rounds.Updates.Between(trainer.Loading?.Step ?? trainer.Step, trainer.ToldStep))
            Do(update);
        if (trainer is { OwesShards: true, Updating: { } shards })
            Do(shards);
        if (trainer.Copying is { } copy)
            Do(copy);
        if (trainer.Evaluating is { } evaluation)
            Do(evaluation);
        foreach (var owed in trainer.Owes.GroupBy(static owed => owed.Ticket))
        {
            IReadOnlyList<int> redundantLanes = rounds.Current is { } round && round.Round == owed.Key.Round ? [.. round.RedundantLanes]
                : [];
            IReadOnlyList<LaneBlock> blocks = [.. owed.Select(static part => part.Block)];
            Do(new ComputeLanes(owed.Key, blocks, owed.First().Skips) { RedundantLanes = redundantLanes });
        }

        foreach (var check in trainer.Rechecks)
            Do(check);

        void Do(TrainerCommand command) => output.Do(trainer.Command(command));
    }
}
