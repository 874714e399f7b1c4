using ActorTrain.Actors.Training;
using ActorTrain.Models.Lanes;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <content>What is computed twice must agree: lanes are audited, suspicious steps replayed, states compared; who lies is quarantined, and what may
/// rest on a lie is taken again.</content>
public sealed partial class RunLogic
{
    private readonly SortedSet<int> quarantined = [];
    private int audits;

    // One lane of one member, each in turn, is computed by another one too, at the same time.
    private void PlanAudit(List<TrainerEntry> members, IReadOnlyList<IReadOnlyList<LaneBlock>> shares)
    {
        if (options.AuditEvery == 0 || step % options.AuditEvery != 0)
            return;
        var number = audits++;
        var owner = number % members.Count;
        var lanes = shares[owner].SelectMany(static block => Enumerable.Range(block.First, block.Count)).ToList();
        if (lanes.Count == 0)
            return;
        round!.Witness = lanes[number / members.Count % lanes.Count];
        round.Checks.Add(new RoundCheck(new LaneBlock(round.Witness.Value, 1)));
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
            if (!check.IsOpen)
            {
                Convict(check);
                return;
            }

            // The witness's own vote comes with its block.
            var isWitnessDue = round.Witness == check.Block.First && check.Block.Count == 1 && !round.Done.Any(part => part.Block.Contains(check.Block));
            if (check.Asked is null && check.Votes.Count + (isWitnessDue ? 1 : 0) < 2 + (check.Votes.Count >= 2 ? check.Votes.Count : 0))
                Ask(check);
        }
    }

    private void Ask(RoundCheck check)
    {
        var owner = trainers.Values.FirstOrDefault(trainer => trainer.Owes.Exists(owed => owed.Ticket.Round == round!.Round && owed.Block.Contains(check.Block)));
        var voter = trainers.Values.Where(static trainer => trainer.IsMember)
            .OrderBy(trainer => check.VotesOf(trainer.Key!.Value) + (trainer == owner ? 1 : 0))
            .ThenBy(static trainer => trainer.LanesOwed).ThenBy(static trainer => trainer.Number)
            .FirstOrDefault();
        if (voter is null)
            return;
        check.Asked = voter;
        var command = new RecomputeBlock(new Ticket(generation, round!.Round), check.Block, step, course.Skips, ++check.Attempt);
        voter.Rechecks.Add(command);
        Tell(voter, command);
    }

    private void Hear(TrainerEntry trainer, BlockRecomputed recomputed)
    {
        if (trainer.Rechecks.RemoveAll(asked => asked.Ticket == recomputed.Ticket && asked.Block == recomputed.Block && asked.Attempt == recomputed.Attempt) == 0 || HearProbe(recomputed))
            return;
        if (round?.Round != recomputed.Ticket.Round || round.Checks.Find(check => check.Asked == trainer && check.Block == recomputed.Block) is not { } check)
            return;
        check.Asked = null;
        Vote(check, recomputed.Trainer, recomputed.Result.Hash);
    }

    private void Witness(BlockComputed computed)
    {
        if (computed.Result.WitnessHash is { } hash && round!.Witness is { } lane && round.Checks.Find(check => check.Block == new LaneBlock(lane, 1)) is { } check)
            Vote(check, computed.Trainer, hash);
    }

    private void Vote(RoundCheck check, TrainerKey trainer, ulong hash)
    {
        check.Vote(trainer, hash);
        if (!check.Agrees)
            return;
        foreach (var (voter, _) in check.Votes)
        {
            if (Find(voter) is { } honest)
                honest.ProvedAt = step;
        }
    }

    // Somebody lied. Whoever did is not to be trusted since it was last proved right, and with it all that was summed from its gradients.
    private void Convict(RoundCheck check)
    {
        var liars = check.Liars;
        var isProven = check.Votes.Select(static vote => vote.Trainer).Distinct().Count() > liars.Count;
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
            if (isProven)
                Quarantine(trainer, "the run", $"At step {step} it computed other bits than the others: {check.Evidence}.");
            else
                Abandon(trainer, $"At step {step} nobody could tell who computed the right bits: {check.Evidence}.");
        }

        if (since < step && options.AuditEvery > 0)
            GoBack(since, $"Since step {since} wrong bits of {string.Join(" and ", liars)} may have entered the weights.");
        else
            AbandonRound();
    }

    // All who applied an update have the same bits, or somebody did not apply it right.
    private bool Compare(CommittedRound commit)
    {
        var states = commit.Checksums.GroupBy(static pair => pair.Value).OrderByDescending(static same => same.Count()).ToList();
        if (states.Count < 2)
            return true;
        var evidence = $"after {commit.Round} " + string.Join(", ", states.Select(static same => $"{string.Join(" and ", same.Select(static pair => pair.Key))} had the state {same.Key:x16}"));
        var isProven = states[0].Count() > states[1].Count();
        foreach (var (trainer, checksum) in commit.Checksums.Where(pair => !isProven || pair.Value != states[0].Key))
        {
            Record(new CorruptionFound(now, step, trainer.ToString(), evidence));
            if (Find(trainer) is not { } liar)
                continue;
            if (isProven)
                Quarantine(liar, "the run", $"It has another state than the others: {evidence}.");
            else
                Abandon(liar, $"Nobody could tell whose state is right: {evidence}.");
        }

        // A copy of a wrong state is wrong too.
        GoBack(commit.Round.Step, $"Not all have the same state: {evidence}.");
        return false;
    }

    private void CountCorruption(TrainerEntry trainer, TrainerKey key, string reason)
    {
        Record(new CorruptionFound(now, step, key.ToString(), reason));
        if (++trainer.Corruptions >= options.CorruptionLimit)
            Quarantine(trainer, "the run", $"It found corrupt bits with itself {trainer.Corruptions} times, the last time: {reason}");
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
        retired[trainer.Number] = trainer.LastIncarnation;
        quarantined.Add(trainer.Number);
        Record(new TrainerQuarantined(now, step, trainer.Number, by, reason));
        Warn($"trainer {trainer.Number} is quarantined: {reason}");
        if (quarantined.Count > options.QuarantineLimit)
            failing ??= $"{quarantined.Count} trainers are quarantined, more than may be: this machine is not to be trusted; run a memory test. The last one: {reason}";
        Enlist();
    }
}
