using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;

namespace ActorTrain.Actors.Run;

/// <summary>Trainers that do not answer are asked again, ever more rarely, and given up where they stay silent too long.</summary>
internal sealed class TrainerReminders(RunLogicOptions options, RunOutput output, TrainerRoster roster, Rounds rounds,
    Membership membership)
{
    /// <summary>When the next trainer is to be asked again, or is silent too long; null: none owes anything.</summary>
    public DateTimeOffset? DueAt =>
        roster.All.Where(static trainer => trainer.Standing != TrainerStanding.GivenUp && (trainer.IsAsked || trainer.Key is null))
        .Select(static trainer => (DateTimeOffset?)trainer.Retry.At).Min();

    /// <summary>Asks those again that are due.</summary>
    public void Remind()
    {
        foreach (var trainer in roster.All)
            Remind(trainer);
    }

    /// <summary>A trainer says where it is: whatever came before what it was asked for was lost.</summary>
    /// <param name="step">Updates that its weights have seen.</param>
    public void Reconcile(TrainerEntry trainer, long step)
    {
        if (trainer.Loading is null && trainer.HasState)
        {
            if (step < trainer.Step)
                return;

            // Its state is not the one it was given; nothing can be built on it.
            if (step > trainer.ToldStep)
            {
                membership.Abandon(trainer, $"It reported the unexpected step {step}.");
                return;
            }
        }

        if (trainer.Loading is null)
        {
            trainer.Step = Math.Max(trainer.Step, step);

            // What was wanted on weights that it has left by now is answered so again and again, and leaves it time for nothing else.
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
