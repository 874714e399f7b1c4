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
    private readonly Dictionary<TrainerKey, ulong> states = [];
    private int audits;

    // One lane of one member, each in turn, is computed by another one too, at the same time; in the last step one of each, so that nobody who ever
    // lied goes unnoticed.
    private void PlanAudit(IReadOnlyList<IReadOnlyList<LaneBlock>> shares)
    {
        if (options.AuditEvery == 0)
            return;
        var computing = shares.Where(static share => share.Count > 0).ToList();
        if (step == lastStep - 1)
        {
            foreach (var share in computing)
                Audit(share, audits++);
        }
        else if (step % options.AuditEvery == 0)
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
            .OrderBy(trainer => check.VotesOf(trainer.Key!.Value) + (trainer == owner ? 1 : 0))
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

        // Who foresees an update right need not have computed its lanes right.
        if (!check.Agrees || check.Block is null)
            return;
        foreach (var voter in check.Voters)
        {
            if (Find(voter) is { } honest)
                honest.ProvedAt = step;
        }
    }

    // Somebody lied. Whoever did is not to be trusted since it was last proved right, and with it all that was summed from its gradients.
    private void Convict(RoundCheck check, IReadOnlyList<TrainerKey> liars)
    {
        var isProven = check.Voters.Count() > liars.Count;
        if (round!.IsReplayed)
        {
            Record(new StepReplayed(now, step, Agreed: false, check.Evidence));
            Record(new SpikeExplained(now, step, "hardware", check.Evidence));
        }

        var since = step;
        foreach (var liar in liars)
        {
            Record(new CorruptionFound(now, step, liar.ToString(), check.Evidence));
            if (Find(liar) is not { } trainer)
                continue;
            since = Math.Min(since, trainer.ProvedAt);

            // All that is left of it is taken again.
            trainer.ProvedAt = long.MaxValue;
            if (isProven)
                Quarantine(trainer, Correction.Automatic, $"At step {step} it computed other bits than the others: {check.Evidence}.");
            else
                Abandon(trainer, $"At step {step} nobody could tell who computed the right bits: {check.Evidence}.");
        }

        AbandonRound();
        if (options.AuditEvery > 0)
            Distrust(since, $"Since step {since} wrong bits of {string.Join(" and ", liars)} may have entered the weights.");
    }

    // Whoever computes, or is copied from, does so on the same weights and moments as the others; else somebody did not apply the last update right.
    private void NoteState(TrainerKey trainer, ulong? checksum)
    {
        if (checksum is { } known)
            states[trainer] = known;
    }

    private bool StatesAgree()
    {
        var all = states.GroupBy(static pair => pair.Value).OrderByDescending(static same => same.Count()).ToList();
        if (all.Count < 2)
            return true;
        var evidence = $"at step {step} " + string.Join(", ", all.Select(static same => $"{string.Join(" and ", same.Select(static pair => pair.Key))} had the state {same.Key:x16}"));
        var isProven = all[0].Count() > all[1].Count();
        foreach (var (key, _) in states.Where(pair => !isProven || pair.Value != all[0].Key).ToList())
        {
            Record(new CorruptionFound(now, step, key.ToString(), evidence));
            if (Find(key) is not { } liar)
                continue;
            if (isProven)
                Quarantine(liar, Correction.Automatic, $"It had another state than the others: {evidence}.");
            else
                Abandon(liar, $"Nobody could tell whose state is right: {evidence}.");
        }

        // They agreed one step ago, or that step would not have been committed.
        AbandonRound();
        Distrust(Math.Max(0, step - 1), $"Not all had the same state: {evidence}.");
        return false;
    }

    // What was computed since a step is not to be trusted, here or on disk: it is left as after any other correction, but nothing else changes.
    private void Distrust(long since, string reason)
    {
        if (since < step)
            Correct(new Correction(corrections.Count + 1, since, [], 1, Correction.Automatic, reason));
    }

    private void CountCorruption(TrainerEntry trainer, TrainerLost lost, FoundDamage damage, bool wasApplying, bool wasForeseeing)
    {
        Record(new CorruptionFound(now, step, lost.Trainer.ToString(), lost.Reason));

        // Nobody can catch up by a total that is damaged, and there is no other: the step is taken again.
        if (damage == FoundDamage.Shared && wasApplying && commits.Count > 0)
            GoBack(commits[0].Round.Step, lost.Reason);
        else if (damage == FoundDamage.Shared && wasForeseeing)
            AbandonRound();
        if (damage == FoundDamage.Own && ++trainer.Corruptions >= options.CorruptionLimit)
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
        trainers.Remove(trainer.Number);
        retired[trainer.Number] = trainer.Former;
        quarantined.Add(trainer.Number);
        Record(new TrainerQuarantined(now, step, trainer.Number, by, reason));
        Warn($"trainer {trainer.Number} is quarantined: {reason}");
        if (quarantined.Count > options.QuarantineLimit)
            failing ??= $"{quarantined.Count} trainers are quarantined, more than may be: this machine is not to be trusted; run a memory test. The last one: {reason}";
        Enlist();
    }
}
