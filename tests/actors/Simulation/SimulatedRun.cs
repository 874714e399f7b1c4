using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Training;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>How a simulated world treats a run, until it calms down.</summary>
internal sealed record Weather
{
    public static Weather Calm { get; } = new();

    public double Drop { get; init; }

    public double Duplicate { get; init; }

    public double Delay { get; init; }

    /// <summary>Chance that a trainer dies with a message that it gets.</summary>
    public double Crash { get; init; }

    public double Hang { get; init; }

    /// <summary>Chance that another actor dies with a message that it gets.</summary>
    public double OthersCrash { get; init; }

    public double Scale { get; init; }

    public double RunCrash { get; init; }

    public double SaveFails { get; init; }

    public double JournalAway { get; init; }

    /// <summary>The storm ends after so many inputs of the run: from then on it must go on undisturbed to its end.</summary>
    public int StormInputs { get; init; } = int.MaxValue;
}

/// <summary><see cref="RunLogic"/> under virtual time, with simulated actors around it and a network that loses, repeats and delays.</summary>
internal sealed class SimulatedRun
{
    private readonly VirtualTime time = new();
    private readonly Random random;
    private readonly Weather storm;
    private readonly RunLogicOptions options;
    private readonly BatchPlan plan;
    private readonly SimulatedPlane plane = new();
    private readonly Dictionary<TrainerKey, SimulatedTrainer> trainers = [];
    private readonly Dictionary<int, int> incarnations = [];
    private readonly Dictionary<int, (TrainerKey Key, bool IsDown)> lives = [];
    private readonly Dictionary<int, (Round Round, SeenBlocks Seen)> reducers = [];
    private readonly List<(long Number, Measurement? Item, long Step)> file = [];
    private readonly Func<long, bool> poison;
    private long? expected;
    private long publisherLife = 1;
    private RunLogic logic;
    private int life;
    private int inputs;
    private int computed;

    public SimulatedRun(int seed, RunLogicOptions options, BatchPlan plan, Weather? storm = null, Func<long, bool>? poison = null)
    {
        random = new Random(seed);
        this.options = options;
        this.plan = plan;
        this.storm = storm ?? Weather.Calm;
        this.poison = poison ?? (static _ => false);
        logic = NewLogic();
    }

    public List<RunEvent> Journal { get; } = [];

    public RunEnded? Outcome { get; private set; }

    public SimulatedPlane Plane => plane;

    public TextWriter? Transcript { get; init; }

    public int Inputs => inputs;

    public DateTimeOffset CalmAt { get; private set; }

    public DateTimeOffset Now => time.Now;

    public IReadOnlyList<StepMeasurement> Steps => [.. file.Select(static row => row.Item).OfType<StepMeasurement>()];

    public IReadOnlyList<EvaluationMeasurement> Evaluations => [.. file.Select(static row => row.Item).OfType<EvaluationMeasurement>()];

    private Weather Weather => inputs < storm.StormInputs ? storm : Weather.Calm;

    /// <summary>Runs to the end.</summary>
    /// <param name="limit">Inputs after which a run that has not ended never will.</param>
    public RunEnded Run(int limit)
    {
        if (inputs == 0)
            Begin();
        while (Outcome is null)
        {
            if (!time.Advance())
                throw new InvariantException($"Nothing is left to happen at step {logic.TakenSteps}: {logic.Status()}.");
            if (inputs > limit)
                throw new InvariantException($"No end after {limit} inputs: step {logic.TakenSteps} of {options.Steps}, {logic.Status()}.");
        }

        return Outcome;
    }

    /// <summary>Gives the run an input from outside.</summary>
    public void Give(IRunInput input) => Decide(input, life);

    /// <summary>Lets a trainer die.</summary>
    public void Crash(int number)
    {
        var key = lives[number].Key;
        Kill(key);
        Report(new TrainerLost(key, "It was made to fail."), life);
        Restart(key);
    }

    /// <summary>Restarts a reducer, which forgets its round.</summary>
    public void Forget(int reducer)
    {
        reducers.Remove(reducer);
        Report(new ReducerStarted(reducer), life);
    }

    /// <summary>Lets things happen until half of a round's lanes are done.</summary>
    public void UntilHalfOfTheLanesAreDone()
    {
        var before = computed;
        while (computed < before + (options.Lanes / 2) && time.Advance())
        {
        }
    }

    /// <summary>Lets things happen until a condition holds.</summary>
    public void Until(Func<RunLogic, bool> condition, int limit = 100_000)
    {
        if (inputs == 0)
            Begin();
        while (!condition(logic))
        {
            if (!time.Advance() || inputs > limit)
                throw new InvariantException($"It never came to that: {logic.Status()}.");
        }
    }

    private RunLogic NewLogic()
    {
        return new RunLogic(options, plan, logic?.Remains ?? RunRemains.Of(RunOrigin.Seed), [.. Journal]);
    }

    private void Begin()
    {
        Obey(logic.Begin(time.Now));
        Report(new PublisherStarted(publisherLife), life);
    }

    private void Decide(IRunInput input, int forLife)
    {
        if (Outcome is not null || forLife != life)
            return;
        inputs++;
        if (input is BlockComputed block)
            computed += block.Block.Count;
        if (inputs == storm.StormInputs)
            CalmAt = time.Now;
        if (input is not Tick && Chance(Weather.RunCrash))
        {
            RestartRun();
            return;
        }

        var before = logic.TakenSteps;
        var effects = logic.Step(input, time.Now);
        Transcript?.WriteLine($"{(time.Now - new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).TotalSeconds,8:0.000} < {Text.Of(input)}");
        if (logic.TakenSteps > before + 1)
            throw new InvariantException("Two updates were committed at once.");
        Obey(effects);
        if (Chance(Weather.Scale))
            Later(TimeSpan.FromMilliseconds(1), () => Decide(new ScaleTrainers(random.Next(1, 6)), life));
    }

    // Its children stop with it; snapshots, checkpoints and the journal are left.
    private void RestartRun()
    {
        life++;
        foreach (var round in trainers.Values)
            round.IsDead = true;
        trainers.Clear();
        lives.Clear();
        incarnations.Clear();
        reducers.Clear();
        expected = null;
        publisherLife++;
        plane.CloseAll();
        logic = NewLogic();
        Begin();
    }

    private void Obey(IReadOnlyList<RunEffect> effects)
    {
        foreach (var effect in effects)
        {
            if (effect is not WakeAt)
                Transcript?.WriteLine($"{"",8} > {Text.Of(effect)}");
            switch (effect)
            {
                case ToTrainer(var key, var command):
                    Send(() => Post(key, command));
                    break;
                case ToTrainerSupervisor(var command):
                    Send(() => Supervise(command));
                    break;
                case ToReducer(var reducer, AddBlock add):
                    Send(() => Reduce(reducer, add));
                    break;
                case ToCheckpointer(var save):
                    Send(() => Write(save));
                    break;
                case ToMetrics(var command):
                    Send(() => Measure(command));
                    break;
                case ToJournal(var record):
                    Send(() => Persist(record));
                    break;
                case OpenRound(var round):
                    plane.Open(round);
                    break;
                case CloseRound(var round):
                    plane.Close(round);
                    break;
                case WakeAt(var at):
                    var now = life;
                    time.After(at - time.Now, () => Decide(new Tick(), now));
                    break;
                case EndRun(var outcome):
                    Outcome = outcome;
                    break;
            }
        }
    }

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
        var trainer = new SimulatedTrainer(key, plan, plane, poison, report => Report(report, here));
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

    private void Write(SaveCheckpoint save)
    {
        if (Chance(Weather.OthersCrash))
        {
            Report(new CheckpointerStarted(), life);
            return;
        }

        if (save.Step < options.Steps && Chance(Weather.SaveFails))
        {
            Report(new CheckpointFailed(save.Step, "The disk is full."), life);
            return;
        }

        var (state, step) = plane.Slots[save.Slot];
        if (step != save.Step)
        {
            // A command that comes late, after the slot went to another snapshot: it was answered when it came first.
            if (!plane.Checkpoints.ContainsKey(save.Step))
                throw new InvariantException($"Slot {save.Slot} holds step {step}, and step {save.Step} was never written from it.");
            return;
        }

        plane.Checkpoints[save.Step] = state;
        var here = life;
        Later(TimeSpan.FromMilliseconds(random.Next(1, 300)), () => Report(new CheckpointSaved(save.Step, state.ToString("x16", System.Globalization.CultureInfo.InvariantCulture)), here));
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

    private void Persist(RecordDecision record)
    {
        if (Chance(Weather.JournalAway))
            return;
        if (record.Number == Journal.Count + 1)
            Journal.Add(record.Event);
        Report(new Recorded(Journal.Count), life);
        if (Chance(Weather.OthersCrash))
            Report(new JournalRecovered([.. Journal]), life);
    }

    private void Report(IRunInput input, int forLife) => Send(() => Decide(input, forLife));

    private void Send(Action deliver)
    {
        if (Chance(Weather.Drop))
            return;
        var times = Chance(Weather.Duplicate) ? 2 : 1;
        var here = life;
        for (var i = 0; i < times; i++)
        {
            Later(TimeSpan.FromMilliseconds(Chance(Weather.Delay) ? random.Next(1, 3000) : 1), () =>
            {
                // With the run's supervisor its children die, and with them what is on its way to them.
                if (here == life)
                    deliver();
            });
        }
    }

    private TimeSpan Computing() => TimeSpan.FromMilliseconds(random.Next(5, 50));

    private void Later(TimeSpan delay, Action action) => time.After(delay, action);

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

    private bool Chance(double probability) => probability > 0 && random.NextDouble() < probability;
}
