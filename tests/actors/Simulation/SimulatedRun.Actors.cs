using System.Collections.Immutable;
using System.Globalization;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Spikes;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Simulation;

/// <content>The simulated actors around the run: each keeps to the protocol, and fails as the weather has it.</content>
internal sealed partial class SimulatedRun
{
    private readonly HashSet<long> written = [];
    private readonly HashSet<long> refused = [];
    private long newestSave;

    private void Supervise(TrainerSupervisorCommand command)
    {
        switch (command)
        {
            case StartTrainer start:
                if (lives.TryGetValue(start.Number, out var present))
                {
                    if (present.IsDown)
                        return;
                    if (present.Key.Incarnation > start.AfterIncarnation)
                    {
                        Report(new TrainerStarted(present.Key), life);
                        return;
                    }

                    Kill(present.Key);
                }

                incarnations[start.Number] = Math.Max(start.AfterIncarnation, incarnations.GetValueOrDefault(start.Number));
                Live(start.Number);
                break;
            case RetireTrainer retire when lives.Remove(retire.Number, out var former):
                Kill(former.Key);
                break;
            case AbandonTrainer abandon when lives.TryGetValue(abandon.Trainer.Number, out var hung) && hung.Key == abandon.Trainer:
                Kill(abandon.Trainer);
                Restart(abandon.Trainer);
                break;
        }
    }

    private void Live(int number)
    {
        var key = new TrainerKey(number, incarnations[number] = incarnations.GetValueOrDefault(number) + 1);
        var here = life;
        var trainer = new SimulatedTrainer(key, plan, plane, poison, lossOf, UpdateOf, report => Report(report, here)) { Lies = liars.Contains(number) };
        trainers[key] = trainer;
        lives[number] = (key, false);
        Report(new TrainerStarted(key), life);
    }

    private void Kill(TrainerKey key)
    {
        if (trainers.Remove(key, out var trainer))
            trainer.IsDead = true;
    }

    private void Restart(TrainerKey key)
    {
        lives[key.Number] = (key, true);
        var here = life;
        Later(TimeSpan.FromMilliseconds(500), () =>
        {
            if (here == life && lives.TryGetValue(key.Number, out var down) && down == (key, true))
                Live(key.Number);
        });
    }

    private void Post(TrainerKey key, TrainerCommand command)
    {
        if (!trainers.TryGetValue(key, out var trainer))
            return;
        trainer.Mailbox.Enqueue(command);
        if (trainer.Mailbox.Count == 1 && !trainer.IsHung)
            Later(Computing(), () => Work(trainer));
    }

    private void Work(SimulatedTrainer trainer)
    {
        if (trainer.IsDead || trainer.IsHung || trainer.IsIdle)
            return;
        if (Chance(Weather.Hang))
        {
            trainer.IsHung = true;
            return;
        }

        if (Chance(Weather.Crash))
        {
            Kill(trainer.Key);
            Report(new TrainerLost(trainer.Key, "It was made to fail."), life);
            Restart(trainer.Key);
            return;
        }

        if (Chance(Weather.Corrupt))
        {
            Kill(trainer.Key);
            Report(new TrainerLost(trainer.Key, "It found corrupt bits.") { Damage = FoundDamage.Own }, life);
            Restart(trainer.Key);
            return;
        }

        if (Chance(Weather.Lie))
        {
            trainer.Lies = true;
            if (Weather.LiesStay)
                liars.Add(trainer.Key.Number);
        }

        trainer.Misapplies |= Chance(Weather.Misapply);
        if (trainer.Mailbox.TryDequeue(out var command))
            trainer.Obey(command);
        else
            trainer.ComputeNext();
        if (!trainer.IsIdle)
            Later(Computing(), () => Work(trainer));
    }

    private void Reduce(int reducer, AddBlock add)
    {
        if (Chance(Weather.OthersCrash))
        {
            reducers.Remove(reducer);
            Report(new ReducerStarted(reducer), life);
            return;
        }

        if (!reducers.TryGetValue(reducer, out var state) || state.Round.Number < add.Round.Number)
            reducers[reducer] = state = (add.Round, new SeenBlocks());
        if (state.Round != add.Round || plane.Find(add.Round) is not { } sums)
            return;
        state.Seen.Add(add.Block);
        if (state.Seen.Lanes < options.Lanes)
            return;
        var tree = new LaneTree<ulong>(options.Lanes, Arithmetic.Add);
        foreach (var block in state.Seen.Blocks)
            tree.Add(block, sums.Blocks[block]);
        sums.Totals[reducer] = tree.Total();
        Report(new ShardReduced(reducer, add.Round, [sums.IsPoisoned ? double.NaN : 1.0]), life);
    }

    private void WriteInTime(SaveCheckpoint save)
    {
        if (SaveTime == TimeSpan.Zero)
        {
            Write(save);
            return;
        }

        var here = life;
        Later(SaveTime, () =>
        {
            if (here == life)
                Write(save);
        });
    }

    private void Write(SaveCheckpoint save)
    {
        // In its mailbox a save never overtakes a later one.
        if (save.Number < newestSave)
            return;
        if (save.Decisions > Journal.Count)
            throw new InvariantException($"The checkpoint of step {save.Step} says that it rests on {save.Decisions} decisions; {Journal.Count} are durable.");
        newestSave = save.Number;
        if (Chance(Weather.OthersCrash))
        {
            Report(new CheckpointerStarted(), life);
            return;
        }

        if (save.Step < logic.Status().Steps && !written.Contains(save.Number) && (DiskRefuses || Chance(Weather.SaveFails)))
        {
            refused.Add(save.Number);
            Report(new CheckpointFailed(save.Number, save.Step, "The disk is full."), life);
            return;
        }

        if (!written.Contains(save.Number) && Chance(Weather.SnapshotRots))
        {
            refused.Add(save.Number);
            Report(new CheckpointFailed(save.Number, save.Step, "The snapshot was damaged in memory.") { IsSnapshotDamaged = true }, life);
            return;
        }

        var (state, step) = plane.Slots[save.Slot];
        var hash = save.Hash.ToString("x16", CultureInfo.InvariantCulture);
        if (plane.Checkpoints.GetValueOrDefault(save.Step) != save.Hash || !plane.Courses[save.Step].Equals(save.Overrides))
        {
            if (step != save.Step || state != save.Hash)
            {
                // A command that comes late, after the slot went to another snapshot: it was answered when it came first.
                if (!written.Contains(save.Number) && !refused.Contains(save.Number))
                    throw new InvariantException($"Slot {save.Slot} holds step {step}, and step {save.Step} was never written from it.");
                return;
            }

            (plane.Checkpoints[save.Step], plane.Courses[save.Step], plane.Unproved[save.Step]) = (state, save.Overrides, UnprovedWork.Write(save.Unproved));
            foreach (var left in plane.Checkpoints.Where(other => other.Key != save.Step && IsVoid(save.History, other.Key)).ToList())
                plane.Checkpoints.Remove(left.Key);
        }

        written.Add(save.Number);
        var here = life;
        Later(TimeSpan.FromMilliseconds(random.Next(1, 300)), () => Report(new CheckpointSaved(save.Number, save.Step, hash, [.. plane.Checkpoints.Keys.Reverse()]), here));
    }

    private bool IsVoid(CheckpointHistory history, long step) =>
        history.IsVoid(step, plane.Checkpoints[step].ToString("x16", CultureInfo.InvariantCulture), plane.Courses[step]);

    private void Judge(JudgeStep judge)
    {
        if (Chance(Weather.OthersCrash))
        {
            Report(new SpikeDetectorStarted(), life);
            return;
        }

        Report(new StepJudged(judge.Round, Detection.Judge(judge.Signals, judge.Memory)), life);
    }

    private void Measure(MetricsCommand command)
    {
        if (Chance(Weather.OthersCrash))
        {
            expected = null;
            publisherLife++;
            Report(new PublisherStarted(publisherLife), life);
            return;
        }

        switch (command)
        {
            case GoOnAfter start when expected is null && start.Life == publisherLife:
                file.RemoveAll(row => row.Step > start.Step);
                expected = start.Number + 1;
                Report(new Published(publisherLife, start.Number), life);
                break;
            case not GoOnAfter when expected is null:
                Report(new PublisherStarted(publisherLife), life);
                break;
            case Rewind rewind when expected == rewind.Number:
                file.RemoveAll(row => row.Step > rewind.Step);
                expected = rewind.Number + 1;
                Report(new Published(publisherLife, rewind.Number), life);
                break;
            case Publish publish when publish.Number == expected:
                if (!file.Any(row => row.Step == publish.Measurement.Step && row.Item!.GetType() == publish.Measurement.GetType()))
                    file.Add((publish.Number, publish.Measurement, publish.Measurement.Step));
                expected++;
                Report(new Published(publisherLife, publish.Number), life);
                break;
            case Publish or Rewind:
                Report(new Published(publisherLife, expected!.Value - 1), life);
                break;
            case FlushMetrics flush when expected > flush.Number:
                Report(new MetricsDurable(publisherLife, flush.Number), life);
                break;
        }
    }

    // What a former life had sent may land late, too. Then the database refuses what comes in the same place, and the journal's actor reads it again.
    private void Persist(RecordDecision record, int forLife)
    {
        if (Chance(Weather.JournalAway))
            return;
        if (forLife != life)
        {
            if (record.Number == Journal.Count + 1)
                Journal.Add(record.Event);
            return;
        }

        if (record.Number == recorded + 1 && recorded < Journal.Count)
        {
            ReadJournal();
            return;
        }

        if (record.Number == recorded + 1)
        {
            Journal.Add(record.Event);
            recorded++;
        }

        Report(new Recorded(recorded), life);
        if (Chance(Weather.OthersCrash))
            ReadJournal();
    }

    private void ReadJournal()
    {
        recorded = Journal.Count;
        var (here, read) = (life, new JournalRecovered([.. Journal]));

        // What the journal's actor read is neither lost nor overtaken by what it says later: nobody would compare it with what was decided.
        Later(TimeSpan.FromMilliseconds(1), () => Decide(read, here));
    }

    /// <summary>Finds a high loss only four steps later, when its updates are long applied.</summary>
    private sealed class LateRule : SpikeRule
    {
        public override string Name => "late";

        public override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
        {
            var onset = memory.IsEmpty ? -1 : memory[0];
            if (onset < 0 && signals.Loss > 2)
                onset = signals.Step;
            var finding = onset >= 0 && signals.Step >= onset + 4
                ? new Finding(Name, "loss", signals.Loss, 2, (long)onset, SpikeAnswer.RollBack, $"the loss rose at step {onset}")
                : null;
            return new Opinion(finding, [onset], [onset]);
        }
    }

    private sealed class SeenBlocks
    {
        public HashSet<LaneBlock> Blocks { get; } = [];

        public int Lanes { get; private set; }

        public void Add(LaneBlock block)
        {
            if (Blocks.Add(block))
                Lanes += block.Count;
        }
    }
}
