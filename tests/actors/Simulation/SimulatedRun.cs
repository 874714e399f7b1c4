using System.Globalization;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Spikes;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary><see cref="RunLogic"/> under virtual time, with simulated actors around it and a network that loses, repeats and delays.</summary>
internal sealed partial class SimulatedRun
{
    private readonly VirtualTime time = new();
    private readonly Random random;
    private Weather storm;
    private RunLogicOptions options;
    private readonly BatchPlan plan;
    private readonly SimulatedPlane plane = new();
    private readonly Dictionary<TrainerKey, SimulatedTrainer> trainers = [];
    private readonly Dictionary<int, int> incarnations = [];
    private readonly Dictionary<int, (TrainerKey Key, bool IsDown)> lives = [];

    // Numbers of trainers that lie in all their lives.
    private readonly HashSet<int> liars = [];
    private readonly Dictionary<int, (Round Round, SeenBlocks Seen)> reducers = [];
    private readonly List<(long Number, Measurement? Item, long Step)> file = [];
    private readonly Func<long, bool> poison;
    private readonly Func<IReadOnlyList<long>, double> lossOf;
    private long requests;
    private long? expected;
    private long publisherLife = 1;
    private RunLogic logic;
    private int life;

    // What this life decided, by number.
    private readonly Dictionary<long, RunEvent> decided = [];

    // What the journal's actor knows to be there.
    private int recorded;
    private int inputs;
    private int computed;

    public SimulatedRun(int seed, RunLogicOptions options, BatchPlan plan, Weather? storm = null, Func<long, bool>? poison = null, Func<long, bool>? drift = null)
    {
        random = new Random(seed);
        this.options = options;
        this.plan = plan;
        this.storm = storm ?? Weather.Calm;
        this.poison = poison ?? (static _ => false);
        lossOf = positions => drift is not null && positions.Any(drift) ? 100 : 1;
        logic = NewLogic();
    }

    public List<RunEvent> Journal { get; } = [];

    /// <summary>The rules that judge.</summary>
    public SpikeDetection Detection { get; init; } = new([new NonFiniteRule(), new LateRule()]);

    /// <summary>The loss of a lane that read samples at some positions. Sums of such losses must be exact, in whatever order.</summary>
    public Func<IReadOnlyList<long>, double> LossOf { get => lossOf; init => lossOf = value; }

    /// <summary>The norm of the update that the samples at some positions make; that of a step is the largest of its lanes.</summary>
    public Func<IReadOnlyList<long>, double> UpdateOf { get; init; } = static _ => 1;

    /// <summary>What the run said that its time goes into.</summary>
    public List<GoodputTurn> Turns { get; } = [];

    /// <summary>What operators were answered.</summary>
    public List<OperatorAnswer> Answers { get; } = [];

    /// <summary>What a person who watches was told.</summary>
    public List<string> Said { get; } = [];

    public RunEnded? Outcome { get; private set; }

    public SimulatedPlane Plane => plane;

    /// <summary>Whether no checkpoint can be written, but for the last.</summary>
    public bool DiskRefuses { get; set; }

    /// <summary>How long it takes to write a checkpoint.</summary>
    public TimeSpan SaveTime { get; init; }

    /// <summary>With how many trainers the next process begins; null: with as many as the first.</summary>
    public Func<Random, int?>? NextTrainers { get; init; }

    public TextWriter? Transcript { get; init; }

    public int Inputs => inputs;

    /// <summary>How often a life of the run found decisions of a former one, which had landed late, in the place of its own.</summary>
    public int LateDecisions { get; private set; }

    /// <summary>When the storm ended; null where the run ended before it.</summary>
    public DateTimeOffset? CalmAt { get; private set; }

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
                throw new InvariantException($"No end after {limit} inputs: step {logic.TakenSteps}, {logic.Status()}.");
        }

        return Outcome;
    }

    /// <summary>Lets things happen until a condition holds, or the run has ended.</summary>
    public void UntilEnded(Func<RunLogic, bool> condition)
    {
        if (inputs == 0)
            Begin();
        while (Outcome is null && !condition(logic))
            time.Advance();
    }

    /// <summary>Another process takes the run up, whether it had ended or not, with other options if they are given.</summary>
    public void NextProcess(RunLogicOptions? others = null)
    {
        options = others ?? options;
        Outcome = null;
        RestartRun(NewProcess);
    }

    /// <summary>From now on nothing fails by itself.</summary>
    public void BecomeCalm() => storm = Weather.Calm;

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

    /// <summary>Lets a trainer compute wrong bits from now on, in all its lives and in all processes.</summary>
    public void BreakMachine(int number)
    {
        liars.Add(number);
        trainers[lives[number].Key].Lies = true;
    }

    /// <summary>Kills the whole process; another takes the run up from what is on disk.</summary>
    public void KillProcess() => RestartRun(NewProcess);

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
        return new RunLogic(options, plan, logic?.RecoveryState ?? RecoveryState.Of([]), [.. Journal]);
    }

    // All that a new process finds, checkpoints that were left by going back among it.
    private RunLogic NewProcess()
    {
        plane.Slots.AsSpan().Clear();
        options = options with { Trainers = NextTrainers?.Invoke(random) ?? options.Trainers };
        var found = new RunLogic(
            options, plan, RecoveryState.Of(plane.Checkpoints.Select(saved => new RunOrigin(saved.Key, saved.Value.ToString("x16", CultureInfo.InvariantCulture), plane.Courses[saved.Key])
            {
                Unproved = UnprovedWork.Read(plane.Unproved[saved.Key]),
            })), [.. Journal]);
        if (found.TakenSteps > 0 && IsVoid(CheckpointHistory.Of(Journal), found.TakenSteps))
            throw new InvariantException($"The run goes on from the checkpoint of step {found.TakenSteps}, which it had left.");
        return found;
    }

    private void Begin()
    {
        recorded = Journal.Count;
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
            RestartRun(NewLogic);
            return;
        }

        if (Chance(Weather.ProcessDeath))
        {
            RestartRun(NewProcess);
            return;
        }

        var before = logic.TakenSteps;
        IReadOnlyList<RunEffect> effects;
        try
        {
            effects = logic.Step(input, time.Now);
        }
        catch (InvariantException) when (input is JournalRecovered)
        {
            // It read what it does not know of: the next life knows.
            LateDecisions++;
            RestartRun(NewLogic);
            return;
        }

        Transcript?.WriteLine($"{(time.Now - new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).TotalSeconds,8:0.000} < {Text.Of(input)}");
        if (logic.TakenSteps > before + 1)
            throw new InvariantException("Two updates were committed at once.");
        Obey(effects);
        if (Chance(Weather.Operator))
            Want();
        if (Chance(Weather.Scale))
            Later(TimeSpan.FromMilliseconds(1), () => Decide(new ScaleTrainers(random.Next(1, 6)), life));
    }

    private void Want()
    {
        OperatorCommand command = random.Next(7) switch
        {
            0 => new RollBackRun(random.NextInt64(Math.Max(1, logic.TakenSteps)), random.Next(3)),
            1 => new SkipBatches(random.Next(1, 3)),
            2 => new ScaleLearningRate(0.5),
            3 => new QuarantineTrainer(random.Next(4)),
            4 => new ReleaseTrainer(random.Next(4)),
            5 => new PauseRun(),
            _ => new ContinueRun(),
        };
        Later(TimeSpan.FromMilliseconds(1), () => Decide(new OperatorRequest(++requests, "someone", command), life));

        // Nobody pauses a run for good.
        if (command is PauseRun)
            Later(TimeSpan.FromSeconds(5), Continue);
    }

    private void Continue()
    {
        Decide(new OperatorRequest(++requests, "someone", new ContinueRun()), life);
        if (Outcome is null && logic.Status().Phase.StartsWith("paused by", StringComparison.Ordinal))
            Later(TimeSpan.FromSeconds(5), Continue);
    }

    // Its children stop with it; snapshots, checkpoints and the journal are left.
    private void RestartRun(Func<RunLogic> begin)
    {
        life++;
        decided.Clear();
        foreach (var round in trainers.Values)
            round.IsDead = true;
        trainers.Clear();
        lives.Clear();
        incarnations.Clear();
        reducers.Clear();
        expected = null;
        publisherLife++;
        plane.CloseAll();
        written.Clear();
        refused.Clear();
        newestSave = 0;
        logic = begin();
        Begin();
    }

    private void Obey(IReadOnlyList<RunEffect> effects)
    {
        foreach (var effect in effects)
        {
            if (effect is not (WakeAt or ToGoodput))
                Transcript?.WriteLine($"{"",8} > {Text.Of(effect)}");
            switch (effect)
            {
                case ToTrainer(_, LoadState { Source: CheckpointState } load) when plane.Checkpoints.ContainsKey(load.Step) && IsVoid(CheckpointHistory.Of(DecidedSoFar()), load.Step):
                    throw new InvariantException($"A trainer takes over the checkpoint of step {load.Step}, which the run had left.");
                case ToTrainer(var key, var command):
                    Send(() => Post(key, command));
                    break;
                case ToTrainerSupervisor(var command):
                    Send(() => Supervise(command));
                    break;
                case ToReducer(var reducer, AddBlock add):
                    Send(() => Reduce(reducer, add));
                    break;
                case ToCheckpointer(SaveCheckpoint save):
                    Send(() => WriteInTime(save));
                    break;
                case ToSpikeDetector(var judge):
                    Send(() => Judge(judge));
                    break;
                case AnswerOperator(_, var answer):
                    Answers.Add(answer);
                    break;
                case NotifyText(var sentence, _):
                    Said.Add(sentence);
                    break;
                case ToMetrics(var command):
                    Send(() => Measure(command));
                    break;
                case ToJournal(var record):
                    var writer = life;
                    decided[record.Number] = record.Event;
                    Send(() => Persist(record, writer), outlives: true);
                    break;
                case ToGoodput(var turn):
                    Turns.Add(turn);
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
                    if (decided.FirstOrDefault(one => one.Key <= Journal.Count && !Journal[(int)one.Key - 1].Equals(one.Value)) is { Value: { } lost })
                        throw new InvariantException($"The journal does not hold {lost}.");
                    Outcome = outcome;
                    break;
            }
        }
    }

    // As far as effects have been obeyed: one decision may come after others of the same input.
    private IEnumerable<RunEvent> DecidedSoFar() => Journal.Concat(decided.Where(one => one.Key > Journal.Count).OrderBy(static one => one.Key).Select(static one => one.Value));

    private void Report(IRunInput input, int forLife) => Send(() => Decide(input, forLife));

    // With the run's supervisor its children die, and with them what is on its way to them; what is on its way to a database is not.
    private void Send(Action deliver, bool outlives = false)
    {
        if (Chance(Weather.Drop))
            return;
        var times = Chance(Weather.Duplicate) ? 2 : 1;
        var here = life;
        for (var i = 0; i < times; i++)
        {
            Later(TimeSpan.FromMilliseconds(Chance(Weather.Delay) ? random.Next(1, 3000) : 1), () =>
            {
                if (outlives || here == life)
                    deliver();
            });
        }
    }

    private TimeSpan Computing() => TimeSpan.FromMilliseconds(random.Next(5, 50));

    private void Later(TimeSpan delay, Action action) => time.After(delay, action);

    private bool Chance(double probability) => probability > 0 && random.NextDouble() < probability;
}
