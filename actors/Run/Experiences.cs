using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Has rollouts made for the step that comes next, with the weights that it begins from: a snapshot of them in memory is what
/// samplers are given. Without rollouts there is nothing to do.</summary>
internal sealed class Experiences(
    RunLogicOptions options, RunOutput output, RunEnd end, Decisions decisions, FaultCounts faults, RunProgress progress, KeptStates states,
    Saving saving)
{
    private readonly RetryTimer retry = new(options.RetryInterval);
    private PrepareExperience? asked;
    private ExperiencePrepared? prepared;
    private long number;

    /// <summary>Whether the next step waits for its rollouts.</summary>
    public bool HoldsUp => options.NeedsRollouts && !progress.IsComplete && !(prepared is not null && IsAsked);

    /// <summary>When an unanswered request is repeated; null if none is.</summary>
    public DateTimeOffset? DueAt => asked is not null && prepared is null ? retry.At : null;

    /// <summary>Figures of the rollouts of the step under way; null without rollouts.</summary>
    public RolloutSummary? Summary => prepared?.Summary;

    // Other skips mean other prompts; after a rollback, the same step may begin from other weights.
    private bool IsAsked => asked is not null && asked.Step == progress.Step && asked.Skips.Equals(progress.Overrides.Skips)
        && (prepared is not null || Published(asked.Weights) is not null);

    /// <summary>Asks for the rollouts of the next step, once its weights can be given to samplers.</summary>
    public void Request()
    {
        if (!HoldsUp || IsAsked || end.IsEnding)
            return;
        if (states.Snapshots.Newest is not { } newest || newest.Step != progress.Step)
        {
            saving.RequestCopy();
            return;
        }

        prepared = null;
        asked = new PrepareExperience(
            ++number, progress.Step, new PublishedWeights(newest.Step, newest.Slot, newest.Hash), progress.Overrides.Skips);
        output.Do(new ToRollouts(asked));
        retry.Start(output.Now);
    }

    /// <summary>The run returns to an earlier step, or the batch of this one is skipped: what was prepared is not used.</summary>
    public void Forget() => (asked, prepared) = (null, null);

    public void Handle(RolloutsReport report)
    {
        switch (report)
        {
            case RolloutsStarted when asked is not null && prepared is null:
                output.Do(new ToRollouts(asked));
                break;
            case ExperiencePrepared done when done.Number == asked?.Number:
                prepared = done;
                break;
            case WeightsRefused refused when refused.Number == asked?.Number && prepared is null:
                faults.Add(new ActorId(ActorRole.Snapshots), refused.Reason);
                output.Warn($"{refused.Reason} Copying the weights again.");
                if (Published(asked.Weights) is { } damaged)
                    states.Snapshots.Drop(damaged.Slot);
                Forget();
                break;
            case RolloutsFailed failed:
                end.Fail(failed.Reason);
                end.NoteLost(ActorRole.Ledger);
                break;
            case WorkerLost lost:
                faults.Add(lost.Worker, lost.Reason);
                decisions.Record(new ActorRestarted(output.Now, progress.Step, lost.Worker, lost.Reason));
                output.Warn($"lost {lost.Worker} at step {progress.Step}; its work is given to others: {lost.Reason}");
                break;
            case WorkerCorrupted corrupted:
                decisions.Record(new CorruptionFound(output.Now, progress.Step, corrupted.Worker, corrupted.Evidence));
                output.Warn($"{corrupted.Worker} computed wrongly and is replaced: {corrupted.Evidence}.");
                break;
        }
    }

    public void Remind()
    {
        if (DueAt is null || !retry.IsDue(output.Now))
            return;
        output.Do(new ToRollouts(asked!));
        retry.Repeat(output.Now);
    }

    private HeldSnapshot? Published(PublishedWeights weights) => states.Snapshots.Held.FirstOrDefault(
        held => (held.Step, held.Slot, held.Hash) == (weights.Step, weights.Slot, weights.Hash));
}
