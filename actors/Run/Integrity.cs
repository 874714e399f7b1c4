using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Compares redundant computations: audits lanes, replays suspicious steps and compares states; quarantines faulty replicas and
/// redoes steps that may depend on their bits.</summary>
internal sealed class Integrity(
    RunLogicOptions options, RunOutput output, RunEnd end, Decisions decisions, TrainerRoster roster, RunProgress progress, Rounds rounds,
    StateVotes votes, Membership membership, Steering steering, Rollback rollback, Experiences experiences)
{
    private int audits;

    /// <summary>Whether no trainer needs verification before this step's update.</summary>
    public bool IsProved => !(progress.IsLastStep && roster.All.Any(membership.MustBeProved));

    /// <summary>A trainer that has left, or that no node has room for until the last step, can no longer be verified: redoes the steps
    /// with its unverified work.</summary>
    public void DistrustAbsent()
    {
        if (options.Audit.Every == 0 || end.IsRecorded)
            return;
        var absent = roster.TakeAbsent(progress.Step, orUnplaced: progress.IsLastStep);
        if (absent.Count == 0)
            return;
        var since = absent.Min(static one => one.Since);
        steering.Distrust(since, $"The work of {string.Join(" and ", absent.Select(static one => $"trainer {one.Number}"))} since step "
            + $"{since} was never verified, and the trainer is gone.");
    }

    /// <summary>Chooses the lanes of the current round that two trainers compute.</summary>
    /// <remarks>One lane of one member, in turn; in the last step one lane of each, so that no faulty replica goes unnoticed; in the first
    /// step of a process one lane of each trainer whose part in the starting state is unverified.</remarks>
    public void PlanAudit(IReadOnlyList<(TrainerEntry Trainer, IReadOnlyList<LaneBlock> Blocks)> shares)
    {
        if (options.Audit.Every == 0)
            return;
        List<(TrainerEntry Trainer, IReadOnlyList<LaneBlock> Blocks)> computing = [.. shares.Where(static share => share.Blocks.Count > 0)];
        if (computing.Count == 0)
            return;
        List<(TrainerEntry Trainer, IReadOnlyList<LaneBlock> Blocks)> due = progress.IsLastStep ? computing
            : rounds.IsFirst ? [.. computing.Where(share => share.Trainer.UnprovedSince < progress.Step)]
            : [];
        foreach (var (_, blocks) in due)
            Audit(blocks, audits++);
        if (due.Count == 0 && progress.Step % options.Audit.Every == 0)
        {
            var number = audits++;
            Audit(computing[number % computing.Count].Blocks, number / computing.Count);
        }
    }

    public void Note(BlockComputed computed)
    {
        if (rounds.Current is not { } round || round.Round != computed.Ticket.Round)
            throw new InvariantException($"Lanes {computed.Block} of {computed.Ticket.Round} count, but that round is over.");
        foreach (var (lane, hash) in computed.Result.RedundantLanes)
        {
            if (round.RedundantLanes.Contains(lane)
                && round.Checks.Find(check => check.Block == new LaneBlock(lane, 1)) is { } check)
                Vote(check, computed.Trainer, hash);
        }

        votes.Note(computed.Trainer, computed.Result.StateChecksum);
    }

    // Compares the trainer's state with those of the others if the applied update is the newest.
    private void Note(TrainerEntry trainer, UpdateApplied applied)
    {
        if (!rounds.Updates.Holds(applied.Round))
            return;
        trainer.Step = Math.Max(trainer.Step, applied.Round.Step + 1);
        if (applied.Round.Step + 1 == progress.Step)
            votes.Note(applied.Trainer, applied.Update.Checksum);
    }

    /// <summary>Notes what a trainer did with an update.</summary>
    public void Note(TrainerEntry trainer, TrainerReport report)
    {
        switch (report)
        {
            case UpdatePreviewed previewed:
                Note(trainer, previewed);
                break;
            case ShardsUpdated updated:
                Note(trainer, updated);
                break;
            case UpdateApplied applied:
                Note(trainer, applied);
                break;
        }
    }

    // Compares shards after the update with those of their other owners.
    private void Note(TrainerEntry trainer, ShardsUpdated updated)
    {
        if (rounds.Owners.Note(trainer, updated))
            votes.NoteShards(updated.Trainer, updated.Shards);
    }

    public void Note(TrainerEntry trainer, BlockRecomputed recomputed) =>
        Answer(trainer, recomputed.Ticket, recomputed.Block, recomputed.Result.Hash);

    private void Note(TrainerEntry trainer, UpdatePreviewed previewed)
    {
        if (trainer.Rechecks.RemoveAll(asked => asked is PreviewUpdate
            && (asked.Ticket, asked.Attempt) == (previewed.Ticket, previewed.Attempt)) > 0)
            Answer(trainer, previewed.Ticket, null, RoundCheck.HashOf(previewed.Norm));
    }

    public void Check()
    {
        if (rounds.Current is not { Update: null } round)
            return;
        AskForProofs(round);
        foreach (var check in round.Checks)
        {
            if (check.Agrees)
                continue;
            if (check.FindOutliers() is { } outliers)
            {
                HandleOutliers(round, check, outliers);
                return;
            }

            // The trainer of a redundant lane votes with its block.
            var isVoteDue = check.Block is { Count: 1 } lane && round.RedundantLanes.Contains(lane.First)
                && !round.Done.Any(part => part.Block.Contains(lane));
            if (check.Asked is null && (check.Count != 1 || !isVoteDue))
                Ask(round, check);
        }
    }

    /// <summary>Whether the norm of the update is known. One trainer's value suffices, except where the step is audited or replayed
    /// later.</summary>
    public bool IsPreviewed()
    {
        var round = rounds.Current!;
        if (round.Preview is { } preview)
            return preview.Agrees;
        round.Checks.Add(round.Preview = new RoundCheck(null) { Needed = round.RedundantLanes.Count > 0 ? 2 : 1 });
        Check();
        return false;
    }

    /// <summary>Recomputes all blocks of the current round, by others or again, to see whether the bits repeat.</summary>
    public void Replay()
    {
        var round = rounds.Current!;
        round.Replay();
        foreach (var part in round.Done)
        {
            var check = new RoundCheck(part.Block);
            check.Vote(part.Trainer, part.Result.Hash);
            round.Checks.Add(check);
        }

        if (round.Preview is { } preview)
            preview.Needed = 2;
        Check();
    }

    /// <summary>Whether all trainers agree on a state to be kept. The last state waits for every trainer, since no later step would reveal
    /// a difference.</summary>
    public bool CanKeepState() =>
        (!progress.IsComplete || roster.All.All(trainer => !trainer.IsMember || trainer.Step == progress.Step)) && StatesAgree();

    /// <summary>Whether all members, and all copied from, have the same weights and moments; if not, the run rolls back.</summary>
    public bool StatesAgree()
    {
        if (votes.Dispute(progress.Step) is not { } dispute)
            return true;
        var since = Math.Max(0, progress.Step - 1);
        foreach (var key in dispute.Suspects)
        {
            decisions.Record(new CorruptionFound(output.Now, progress.Step, key.Id, dispute.Evidence));
            if (roster.Find(key) is not { } suspect)
                continue;
            if (dispute.IsProven)
            {
                since = Math.Min(since, suspect.Doubt());
                membership.Quarantine(suspect, Intervention.Automatic, $"Its state differed from that of the other "
                    + $"trainers: {dispute.Evidence}.");
            }
            else
            {
                membership.Abandon(suspect, $"No majority decides which state is right: {dispute.Evidence}.");
            }
        }

        // They agreed one step ago, or that step would not have been committed.
        rounds.Abandon();
        votes.ForgetShards();
        steering.Distrust(since, $"The states of the trainers differed: {dispute.Evidence}.");
        return false;
    }

    /// <summary>Handles a lost trainer; if it found corruption in its own memory or in its input, more may be affected.</summary>
    public void Lose(TrainerLost lost)
    {
        if (roster.Find(lost.Trainer) is not { } trainer)
            return;
        var wasApplying = trainer.Loading is null && trainer.Step < trainer.ToldStep;
        var wasUpdating = trainer.OwesShards;
        var wasPreviewing = trainer.Rechecks.Exists(asked => asked is PreviewUpdate && asked.Ticket.Round == rounds.Current?.Round);
        membership.Lose(trainer, lost.Reason, lost.HasLeft);
        if (lost.Damage is not { } damage)
            return;
        decisions.Record(new CorruptionFound(output.Now, progress.Step, lost.Trainer.Id, lost.Reason));

        // A damaged total cannot be applied, and there is no other: the step is redone.
        if (damage == FoundDamage.Shared && wasUpdating)
            rollback.GoBack(progress.Step, lost.Reason);
        else if (damage == FoundDamage.Shared && wasApplying && rounds.Updates.Oldest is { } oldest)
            rollback.GoBack(oldest, lost.Reason);
        else if (damage == FoundDamage.Shared && wasPreviewing)
            rounds.Abandon();
        else if (damage == FoundDamage.Rollouts && experiences.Doubt())
            rounds.Abandon();
        if (damage == FoundDamage.Own && ++trainer.Corruptions >= options.Audit.CorruptionLimit)
            membership.Quarantine(trainer, Intervention.Automatic, $"It detected corruption in its own memory {trainer.Corruptions} "
                + $"times, most recently: {lost.Reason}");
    }

    // Agreement with itself proves nothing, so a single trainer waits for another.
    private void AskForProofs(RoundState round)
    {
        if (roster.All.Count(static trainer => trainer.IsMember) < 2)
            return;
        foreach (var trainer in roster.All.Where(trainer => trainer.IsMember && membership.MustBeProved(trainer)))
        {
            // Its verification may be about to start.
            if (round.Checks.Exists(check => !check.Agrees
                && (check.Suspect == trainer || trainer.Owes.Exists(owed => check.Block is { } lanes && owed.Block.Contains(lanes)))))
                continue;
            var lanes = round.Checks.Where(static check => check.Block is { Count: 1 }).ToList();
            if (lanes.Count == 0)
                round.Checks.Add(new RoundCheck(new LaneBlock(0, 1)) { Suspect = trainer });
            else if (lanes.Find(static check => check.Agrees) is { } check)
                (check.Suspect, check.Needed) = (trainer, check.Count + 1);
        }
    }

    private void Audit(IReadOnlyList<LaneBlock> share, int turn)
    {
        var lanes = share.SelectMany(static block => Enumerable.Range(block.First, block.Count)).ToList();
        var lane = lanes[turn % lanes.Count];
        rounds.Current!.RedundantLanes.Add(lane);
        rounds.Current.Checks.Add(new RoundCheck(new LaneBlock(lane, 1)));
    }

    private void Ask(RoundState round, RoundCheck check)
    {
        var owner = check.Block is not { } lanes ? null
            : roster.All.FirstOrDefault(
                trainer => trainer.Owes.Exists(owed => owed.Ticket.Round == round.Round && owed.Block.Contains(lanes)));
        var voter = roster.All.Where(static trainer => trainer.IsMember)
            .OrderBy(trainer => check.Suspect == trainer && check.VotesOf(trainer.Key!.Value) == 0 ? -1
                : check.VotesOf(trainer.Key!.Value) + (trainer == owner ? 1 : 0))
            .ThenBy(static trainer => trainer.Pace.IsSlow).ThenBy(static trainer => trainer.LanesOwed)
            .ThenBy(static trainer => trainer.Number)
            .FirstOrDefault();
        if (voter is null)
            return;
        check.Asked = voter;
        check.Attempt++;
        CheckCommand command = check.Block is { } block
            ? new RecomputeBlock(rounds.CurrentTicket, block, progress.Step, progress.Overrides.Skips, check.Attempt)
            : new PreviewUpdate(rounds.CurrentTicket, round.GradientNorm, progress.Schedule.At(progress.Step), check.Attempt);
        voter.Rechecks.Add(command);
        roster.Tell(voter, command);
    }

    private void Answer(TrainerEntry trainer, Ticket ticket, LaneBlock? block, ulong hash)
    {
        if (rounds.Current?.Round != ticket.Round
            || rounds.Current.Checks.Find(check => check.Asked == trainer && check.Block == block) is not { } check)
            return;
        check.Asked = null;
        Vote(check, trainer.Key!.Value, hash);
    }

    private void Vote(RoundCheck check, TrainerKey trainer, ulong hash)
    {
        check.Vote(trainer, hash);

        // A correct preview does not prove correct lanes, and agreement with itself proves nothing.
        if (!check.Agrees || check.Block is null || check.Voters.Count() < 2)
            return;
        foreach (var voter in check.Voters)
        {
            if (roster.Find(voter) is { } proved)
                proved.UnprovedSince = rounds.Current!.Done.Any(part => part.Trainer.Number == voter.Number) ? progress.Step
                    : long.MaxValue;
        }
    }

    // Distrusts everything since the faulty replica was last verified, and all sums that include its gradients.
    private void HandleOutliers(RoundState round, RoundCheck check, IReadOnlyList<TrainerKey> outliers)
    {
        if (outliers.Count == 0)
            throw new InvariantException($"No trainer is at fault, and yet the votes differ: {check.Evidence}.");
        var isProven = check.Voters.Count() > outliers.Count;
        if (round.IsReplayed)
        {
            decisions.Record(new StepReplayed(output.Now, progress.Step, Agreed: false, check.Evidence));
            decisions.Record(new SpikeExplained(output.Now, progress.Step, SpikeCause.Hardware, check.Evidence));
        }

        var since = progress.Step;
        foreach (var outlier in outliers)
        {
            decisions.Record(new CorruptionFound(output.Now, progress.Step, outlier.Id, check.Evidence));
            if (roster.Find(outlier) is not { } trainer)
                continue;
            since = Math.Min(since, trainer.Doubt());
            if (isProven)
                membership.Quarantine(trainer, Intervention.Automatic, $"At step {progress.Step} its bits differed from those of the "
                    + $"other trainers: {check.Evidence}.");
            else
                membership.Abandon(trainer, $"At step {progress.Step} no majority decides which bits are right: {check.Evidence}.");
        }

        rounds.Abandon();
        if (options.Audit.Every > 0)
            steering.Distrust(since, $"Wrong bits from {string.Join(" and ", outliers)} may have entered the weights since step {since}.");
    }
}
