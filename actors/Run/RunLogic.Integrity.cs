using System.Collections.Immutable;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <content>What is computed twice must agree: lanes are audited, suspicious steps replayed, states compared; who lies is quarantined, and what may
/// rest on a lie is taken again.</content>
public sealed partial class RunLogic
{
    private readonly SortedSet<int> quarantined = [];

    // What is known of a trainer that was never heard of.
    private FormerTrainer stranger = FormerTrainer.None;
    private readonly StateVotes states = new();
    private int audits;

    // Whether there is anybody who could prove another right.
    private bool IsAudited => options.Audit.Every > 0 && trainers.Count > 1;

    private Dictionary<int, FormerTrainer> Known
    {
        get
        {
            var known = new Dictionary<int, FormerTrainer>(retired);
            foreach (var trainer in trainers.Values)
                known[trainer.Number] = trainer.Former;
            return known;
        }
    }

    // A new process knows of former trainers what the checkpoint says. One of an older program says nothing: then nobody is proved.
    private void Inherit(IReadOnlyDictionary<int, FormerTrainer> known, RunOrigin origin)
    {
        foreach (var (number, former) in known)
            retired.Add(number, former);
        if (known.Count > 0)
            return;
        stranger = origin.Unproved is null ? new FormerTrainer(0, 0) : FormerTrainer.None;
        foreach (var (number, since) in origin.Unproved ?? ImmutableDictionary<int, long>.Empty)
            retired.Add(number, new FormerTrainer(0, since));
    }

    private Dictionary<int, long> UnprovedBefore(long at) =>
        Known.Where(known => known.Value.UnprovedSince < at).ToDictionary(static known => known.Key, static known => known.Value.UnprovedSince);

    // Nobody can prove right any more who takes no part: what it had an unproved part in is taken again.
    private void DistrustAbsent()
    {
        var absent = retired.Where(former => former.Value.UnprovedSince < step && !trainers.ContainsKey(former.Key)).OrderBy(static former => former.Key).ToList();
        if (absent.Count == 0 || options.Audit.Every == 0 || ended || isEndRecorded)
            return;
        foreach (var (number, former) in absent)
            retired[number] = former with { UnprovedSince = long.MaxValue };
        var since = absent.Min(static former => former.Value.UnprovedSince);
        Distrust(since, $"What {string.Join(" and ", absent.Select(static former => $"trainer {former.Key}"))} computed since step {since} was never proved right, and never can be: it takes no part any more.");
    }

    // Whoever is told to go is proved right first, and in the last step all are.
    private bool MustBeProved(TrainerEntry trainer) => trainer.UnprovedSince < step && IsAwaited(trainer);

    private bool IsAwaited(TrainerEntry trainer) =>
        IsAudited && trainer.UnprovedSince <= step && step < lastStep && !IsEnding
        && (trainer.IsRetiring ? trainer.IsMember : step == lastStep - 1);

    private void AskForProofs()
    {
        foreach (var trainer in trainers.Values.Where(trainer => trainer.IsMember && MustBeProved(trainer)))
        {
            // It may be about to prove itself.
            if (round!.Checks.Exists(check => !check.Agrees && (check.Suspect == trainer || trainer.Owes.Exists(owed => check.Block is { } lanes && owed.Block.Contains(lanes)))))
                continue;
            var lanes = round.Checks.Where(static check => check.Block is { Count: 1 }).ToList();
            if (lanes.Count == 0)
                round.Checks.Add(new RoundCheck(new LaneBlock(0, 1)) { Suspect = trainer });
            else if (lanes.Find(static check => check.Agrees) is { } check)
                (check.Suspect, check.Needed) = (trainer, check.Count + 1);
        }
    }

    // One lane of one member, each in turn, is computed by another one too, at the same time; in the last step one of each, so that nobody who ever
    // lied goes unnoticed; and in the first step of a process one of each whose part in what it begins from is not proved.
    private void PlanAudit(IReadOnlyList<TrainerEntry> members, IReadOnlyList<IReadOnlyList<LaneBlock>> shares)
    {
        if (options.Audit.Every == 0)
            return;
        var computing = shares.Where(static share => share.Count > 0).ToList();
        var due = step == lastStep - 1 ? computing
            : lastRound == firstRound ? [.. members.Zip(shares, static (member, share) => (member, share)).Where(one => one.share.Count > 0 && one.member.UnprovedSince < step).Select(static one => one.share)]
            : [];
        foreach (var share in due)
            Audit(share, audits++);
        if (due.Count == 0 && step % options.Audit.Every == 0)
        {
            var number = audits++;
            Audit(computing[number % computing.Count], number / computing.Count);
        }
    }

    private void Audit(IReadOnlyList<LaneBlock> share, int turn)
    {
        var lanes = share.SelectMany(static block => Enumerable.Range(block.First, block.Count)).ToList();
        var lane = lanes[turn % lanes.Count];
        round!.Witnesses.Add(lane);
        round.Checks.Add(new RoundCheck(new LaneBlock(lane, 1)));
    }

    // Asks for the votes that are needed, and draws the conclusion where they differ.
    private void Check()
    {
        if (round is null)
            return;
        AskForProofs();
        foreach (var check in round.Checks)
        {
            if (check.Agrees)
                continue;
            if (check.Liars() is { } liars)
            {
                Convict(check, liars);
                return;
            }

            // The witness's own vote comes with its block.
            var isWitnessDue = check.Block is { Count: 1 } lane && round.Witnesses.Contains(lane.First) && !round.Done.Any(part => part.Block.Contains(lane));
            if (check.Asked is null && (check.Count != 1 || !isWitnessDue))
                Ask(check);
        }
    }

    private void Ask(RoundCheck check)
    {
        var owner = check.Block is not { } lanes ? null
            : trainers.Values.FirstOrDefault(trainer => trainer.Owes.Exists(owed => owed.Ticket.Round == round!.Round && owed.Block.Contains(lanes)));
        var voter = trainers.Values.Where(static trainer => trainer.IsMember)
            .OrderBy(trainer => check.Suspect == trainer && check.VotesOf(trainer.Key!.Value) == 0 ? -1 : check.VotesOf(trainer.Key!.Value) + (trainer == owner ? 1 : 0))
            .ThenBy(static trainer => trainer.LanesOwed).ThenBy(static trainer => trainer.Number)
            .FirstOrDefault();
        if (voter is null)
            return;
        check.Asked = voter;
        check.Attempt++;
        var ticket = new Ticket(generation, round!.Round);
        CheckCommand command = check.Block is { } block
            ? new RecomputeBlock(ticket, block, step, course.Skips, check.Attempt)
            : new PreviewUpdate(ticket, round.GradientNorm, Schedule.At(step), check.Attempt);
        voter.Rechecks.Add(command);
        Tell(voter, command);
    }

    private void Hear(TrainerEntry trainer, BlockRecomputed recomputed)
    {
        if (trainer.Rechecks.RemoveAll(asked => asked is RecomputeBlock block && (block.Ticket, block.Block, block.Attempt) == (recomputed.Ticket, recomputed.Block, recomputed.Attempt)) > 0
            && !HearProbe(recomputed))
            Answer(trainer, recomputed.Ticket, recomputed.Block, recomputed.Result.Hash);
    }

    private void Hear(TrainerEntry trainer, UpdatePreviewed previewed)
    {
        if (trainer.Rechecks.RemoveAll(asked => asked is PreviewUpdate && (asked.Ticket, asked.Attempt) == (previewed.Ticket, previewed.Attempt)) > 0)
            Answer(trainer, previewed.Ticket, null, RoundCheck.HashOf(previewed.Norm));
    }

    private void Answer(TrainerEntry trainer, Ticket ticket, LaneBlock? block, ulong hash)
    {
        if (round?.Round != ticket.Round || round.Checks.Find(check => check.Asked == trainer && check.Block == block) is not { } check)
            return;
        check.Asked = null;
        Vote(check, trainer.Key!.Value, hash);
    }

    private void Witness(BlockComputed computed)
    {
        foreach (var (lane, hash) in computed.Result.Witnesses)
        {
            if (round!.Witnesses.Contains(lane) && round.Checks.Find(check => check.Block == new LaneBlock(lane, 1)) is { } check)
                Vote(check, computed.Trainer, hash);
        }
    }

    private void Vote(RoundCheck check, TrainerKey trainer, ulong hash)
    {
        check.Vote(trainer, hash);

        // Who foresees an update right need not have computed its lanes right; and nobody is proved by agreeing with itself.
        if (!check.Agrees || check.Block is null || check.Voters.Count() < 2)
            return;
        foreach (var voter in check.Voters)
        {
            if (Find(voter) is { } honest)
                honest.UnprovedSince = round!.Done.Any(part => part.Trainer.Number == voter.Number) ? step : long.MaxValue;
        }
    }

    // Somebody lied. Whoever did is not to be trusted since it was last proved right, and with it all that was summed from its gradients.
    private void Convict(RoundCheck check, IReadOnlyList<TrainerKey> liars)
    {
        var isProven = check.Voters.Count() > liars.Count;
        if (round!.IsReplayed)
        {
            Record(new StepReplayed(now, step, Agreed: false, check.Evidence));
            Record(new SpikeExplained(now, step, SpikeCause.Hardware, check.Evidence));
        }

        var since = step;
        foreach (var liar in liars)
        {
            Record(new CorruptionFound(now, step, liar.ToString(), check.Evidence));
            if (Find(liar) is not { } trainer)
                continue;
            since = Math.Min(since, Doubt(trainer));
            if (isProven)
                Quarantine(trainer, Correction.Automatic, $"At step {step} it computed other bits than the others: {check.Evidence}.");
            else
                Abandon(trainer, $"At step {step} nobody could tell who computed the right bits: {check.Evidence}.");
        }

        AbandonRound();
        if (options.Audit.Every > 0)
            Distrust(since, $"Since step {since} wrong bits of {string.Join(" and ", liars)} may have entered the weights.");
    }

    // Whoever computes, or is copied from, does so on the same weights and moments as the others.
    private bool StatesAgree()
    {
        if (states.Dispute(step) is not { } dispute)
            return true;
        var since = Math.Max(0, step - 1);
        foreach (var key in dispute.Suspects)
        {
            Record(new CorruptionFound(now, step, key.ToString(), dispute.Evidence));
            if (Find(key) is not { } suspect)
                continue;
            if (dispute.IsProven)
            {
                since = Math.Min(since, Doubt(suspect));
                Quarantine(suspect, Correction.Automatic, $"It had another state than the others: {dispute.Evidence}.");
            }
            else
            {
                Abandon(suspect, $"Nobody could tell whose state is right: {dispute.Evidence}.");
            }
        }

        // They agreed one step ago, or that step would not have been committed.
        AbandonRound();
        Distrust(since, $"Not all had the same state: {dispute.Evidence}.");
        return false;
    }

    // All that is left of it is taken again.
    private static long Doubt(TrainerEntry trainer)
    {
        var since = trainer.UnprovedSince;
        trainer.UnprovedSince = long.MaxValue;
        return since;
    }

    // What was computed since a step is not to be trusted, here or on disk: it is left as after any other correction, but nothing else changes.
    private void Distrust(long since, string reason)
    {
        if (since < step)
            Correct(new Correction(interventions.Next, since, [], 1, Correction.Automatic, reason));
    }

    private void CountCorruption(TrainerEntry trainer, TrainerLost lost, FoundDamage damage, bool wasApplying, bool wasForeseeing)
    {
        Record(new CorruptionFound(now, step, lost.Trainer.ToString(), lost.Reason));

        // Nobody can catch up by a total that is damaged, and there is no other: the step is taken again.
        if (damage == FoundDamage.Shared && wasApplying && commits.Oldest is { } oldest)
            GoBack(oldest, lost.Reason);
        else if (damage == FoundDamage.Shared && wasForeseeing)
            AbandonRound();
        if (damage == FoundDamage.Own && ++trainer.Corruptions >= options.Audit.CorruptionLimit)
            Quarantine(trainer, Correction.Automatic, $"It found corrupt bits with itself {trainer.Corruptions} times, the last time: {lost.Reason}");
    }

    private void Abandon(TrainerEntry trainer, string reason)
    {
        Do(new ToTrainerSupervisor(new AbandonTrainer(trainer.Key!.Value, reason)));
        Lose(trainer, reason);
    }

    private void Quarantine(TrainerEntry trainer, string by, string reason)
    {
        if (trainer.Key is not null)
            Lose(trainer, reason);
        Do(new ToTrainerSupervisor(new RetireTrainer(trainer.Number)));

        // Who was alone was taken on trust.
        if (trainers.Count == 1)
            Doubt(trainer);
        trainers.Remove(trainer.Number);
        retired[trainer.Number] = trainer.Former;
        quarantined.Add(trainer.Number);
        Record(new TrainerQuarantined(now, step, trainer.Number, by, reason));
        Warn($"trainer {trainer.Number} is quarantined: {reason}");
        if (quarantined.Count > options.Audit.QuarantineLimit)
            failing ??= $"{quarantined.Count} trainers are quarantined, more than may be: this machine is not to be trusted; run a memory test. The last one: {reason}";
        Enlist();
    }
}
