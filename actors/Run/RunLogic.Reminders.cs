using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Training;

namespace ActorTrain.Actors.Run;

/// <content>Time: what is not answered is asked again, ever more rarely, and what stays silent too long is given up.</content>
public sealed partial class RunLogic
{
    private DateTimeOffset reducersAskedAt;
    private readonly RetryTimer reducersRetry;
    private readonly RetryTimer judgeRetry;
    private readonly RetryTimer saveRetry;
    private DateTimeOffset outboxRetryAt;

    // A silence counts from the first question that was left open.
    private void Tell(TrainerEntry trainer, TrainerCommand command)
    {
        if (trainer.IsQuiet)
            Refresh(trainer);
        trainer.IsQuiet = false;
        Do(new ToTrainer(trainer.Key!.Value, command));
    }

    private void Refresh(TrainerEntry trainer)
    {
        trainer.IsQuiet = !trainer.IsAsked;
        trainer.HeardAt = now;
        trainer.Retry.Start(now);
    }

    private void Remind()
    {
        foreach (var trainer in trainers.Values)
            Remind(trainer);
        if (round is { LanesAreDone: true, IsReduced: false } && reducersRetry.IsDue(now))
        {
            var isHung = now - reducersAskedAt >= options.TrainerTimeout;
            for (var reducer = 0; reducer < options.Reducers; reducer++)
            {
                if (round.IsReducedBy(reducer))
                    continue;
                if (isHung)
                    Do(new ReplaceReducer(reducer));
                AskReducer(reducer);
            }

            if (isHung)
                reducersAskedAt = now;

            reducersRetry.Repeat(now);
        }

        if (IsJudging && judgeRetry.IsDue(now))
        {
            AskDetector();
            judgeRetry.Repeat(now);
        }

        if (saving is not null && saveRetry.IsDue(now))
        {
            Do(new ToCheckpointer(saving));
            saveRetry.Repeat(now);
        }

        SaveAgain();
        if (now >= outboxRetryAt)
        {
            RepeatJournal();
            RepeatMetrics();
            outboxRetryAt = now + options.RetryInterval;
        }
    }

    private void Remind(TrainerEntry trainer)
    {
        if (trainer.Standing == TrainerStanding.GivenUp || !trainer.Retry.IsDue(now))
            return;
        if (trainer.Key is { } key && trainer.IsAsked && now - trainer.HeardAt >= options.TrainerTimeout)
        {
            var reason = $"It gave no sign of life for {options.TrainerTimeout.TotalSeconds:0.###} s.";
            Do(new ToTrainerSupervisor(new AbandonTrainer(key, reason)));
            Lose(trainer, reason);
            return;
        }

        if (trainer.Key is null)
        {
            if (!trainer.IsRetiring)
                Do(new ToTrainerSupervisor(new StartTrainer(trainer.Number, trainer.LastIncarnation)));
        }
        else if (trainer.IsAsked)
        {
            Repeat(trainer);
        }

        trainer.Retry.Repeat(now);
    }

    // It says that its weights have seen so many updates: whatever came before what was asked was lost.
    private void Repeat(TrainerEntry trainer, long at)
    {
        if (trainer.Loading is null && trainer.HasState && (at < trainer.Step || at > trainer.ToldStep))
        {
            // Its state is not the one it was given; nothing can be built on it.
            if (at < trainer.Step)
                return;
            Do(new ToTrainerSupervisor(new AbandonTrainer(trainer.Key!.Value, $"It is at step {at}, where nobody sent it.")));
            Lose(trainer, $"It is at step {at}, where nobody sent it.");
            return;
        }

        if (trainer.Loading is null)
            trainer.Step = Math.Max(trainer.Step, at);
        Repeat(trainer);
    }

    private void Repeat(TrainerEntry trainer)
    {
        var key = trainer.Key!.Value;
        if (trainer.Loading is { } loading)
            Do(new ToTrainer(key, loading));
        var from = trainer.Loading?.Step ?? trainer.Step;
        foreach (var update in commits.Between(from, trainer.ToldStep))
            Do(new ToTrainer(key, update));
        if (trainer.Copying is { } copy)
            Do(new ToTrainer(key, copy));
        if (trainer.Evaluating is { } evaluation)
            Do(new ToTrainer(key, evaluation));
        foreach (var owed in trainer.Owes.GroupBy(static owed => owed.Ticket))
            Do(new ToTrainer(key, new ComputeLanes(owed.Key, [.. owed.Select(static part => part.Block)], owed.First().Skips) { Witnesses = round?.Round == owed.Key.Round ? [.. round.Witnesses] : [] }));
        foreach (var check in trainer.Rechecks)
            Do(new ToTrainer(key, check));
    }

    private DateTimeOffset NextReminder()
    {
        var next = now + options.TrainerTimeout;
        foreach (var trainer in trainers.Values)
        {
            if (trainer.Standing != TrainerStanding.GivenUp && (trainer.IsAsked || trainer.Key is null))
                next = Earlier(next, trainer.Retry.At);
        }

        if (round is { LanesAreDone: true, IsReduced: false })
            next = Earlier(next, reducersRetry.At);
        if (IsJudging)
            next = Earlier(next, judgeRetry.At);
        if (saving is not null)
            next = Earlier(next, saveRetry.At);
        if (saveRetries.At is { } again)
            next = Earlier(next, again);
        if (journal.Count > 0 || metrics.Count > 0 || saveNext is not null)
            next = Earlier(next, outboxRetryAt);
        return next > now ? next : now + options.RetryInterval;

        static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
    }
}
