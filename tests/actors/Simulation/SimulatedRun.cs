using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Spikes;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>The logic of a run and of all its actors under virtual time, over a network that loses, repeats and delays, and a disk and a
/// database that fail. What stands for the actors around it does no more than they do.</summary>
internal sealed class SimulatedRun
{
    private readonly SimulatedWorld world;
    private readonly SimulatedOperators operators;
    private RunLogicOptions options;
    private RunLogic logic;
    private SimulatedActors? actors;
    private int computed;

    public SimulatedRun(int seed, RunLogicOptions options, BatchPlan plan, Weather? storm = null, Func<long, bool>? poison = null,
        Func<long, bool>? drift = null)
    {
        this.options = options;
        world = new SimulatedWorld(seed, plan, storm ?? Weather.Calm, poison)
        {
            NeedsRollouts = options.Rollouts is not null,
            Schedule = options.Rollouts ?? new RolloutSchedule(),
            KillProcess = KillProcess,
            LastStep = () => logic!.Status().Steps,
        };
        world.Data.LossOf = positions => drift is not null && positions.Any(drift) ? 100 : 1;
        operators = new SimulatedOperators(world, Give);
        logic = NewLogic();
    }

    public List<RunEvent> Journal => world.Journal;

    /// <summary>The processes that another has taken the run from while they lived.</summary>
    public List<StaleLeader> Superseded { get; } = [];

    public SimulatedWorld World => world;

    /// <summary>The rules that judge.</summary>
    public SpikeDetection Detection { init => world.Detection = value; }

    /// <summary>The loss of a lane that read samples at some positions. Sums of such losses must be exact, in whatever order.</summary>
    public Func<IReadOnlyList<long>, double> LossOf { init => world.Data.LossOf = value; }

    /// <summary>The norm of the update that the samples at some positions make; that of a step is the largest of its lanes.</summary>
    public Func<IReadOnlyList<long>, double> UpdateOf { init => world.Data.UpdateOf = value; }

    /// <summary>What the run said that its time goes into.</summary>
    public List<GoodputTurn> Turns { get; } = [];

    /// <summary>What operators were answered.</summary>
    public List<OperatorAnswer> Answers { get; } = [];

    /// <summary>What a person who watches was told.</summary>
    public List<string> Said { get; } = [];

    public RunEnded? Outcome { get; private set; }

    public SimulatedDisk Disk => world.Disk;

    /// <summary>How long it takes to write a checkpoint.</summary>
    public TimeSpan SaveTime { init => world.SaveTime = value; }

    public int LanesAtOnce { init => world.LanesAtOnce = value; }

    /// <summary>With how many trainers the next process begins; null: with as many as the first.</summary>
    public Func<Random, int?>? NextTrainers { get; init; }

    public TextWriter? Transcript { get; init; }

    public int Inputs => world.Fate.Inputs;

    /// <summary>How often a life of the run found decisions of a former one, which had landed late, in the place of its own.</summary>
    public int LateDecisions { get; private set; }

    /// <summary>When the storm ended; null where the run ended before it.</summary>
    public DateTimeOffset? CalmAt { get; private set; }

    public DateTimeOffset Now => world.Time.Now;

    public RunStatus Status => logic.Status();

    public IReadOnlyList<StepMeasurement> Steps => world.Metrics.Steps;

    public IReadOnlyList<EvaluationMeasurement> Evaluations => world.Metrics.Evaluations;

    /// <summary>Runs to the end.</summary>
    /// <param name="limit">Inputs after which a run that has not ended never will.</param>
    public RunEnded Run(int limit)
    {
        BeginFirst();
        while (Outcome is null)
        {
            if (!world.Time.Advance())
                throw new InvariantException($"Nothing is left to happen at step {logic.TakenSteps}: {logic.Status()}.");
            if (Inputs > limit)
                throw new InvariantException($"No end after {limit} inputs: step {logic.TakenSteps}, {logic.Status()}, trainers: "
                    + $"{string.Join("; ", logic.Status().Trainers)}.");
        }

        return Outcome;
    }

    /// <summary>Lets things happen until a condition holds, or the run has ended.</summary>
    public void UntilEnded(Func<RunLogic, bool> condition)
    {
        BeginFirst();
        while (Outcome is null && !condition(logic))
            world.Time.Advance();
    }

    /// <summary>Lets things happen until a condition holds.</summary>
    public void Until(Func<RunLogic, bool> condition, int limit = 100_000)
    {
        BeginFirst();
        while (!condition(logic))
        {
            if (!world.Time.Advance() || Inputs > limit)
                throw new InvariantException($"It never came to that: {logic.Status()}.");
        }
    }

    /// <summary>Lets things happen until half of a round's lanes are done.</summary>
    public void UntilHalfOfTheLanesAreDone()
    {
        var before = computed;
        while (computed < before + (options.Lanes / 2) && world.Time.Advance())
        {
        }
    }

    /// <summary>Another process takes the run up, whether it had ended or not, with other options if they are given.</summary>
    public void NextProcess(RunLogicOptions? others = null)
    {
        options = others ?? options;
        Outcome = null;
        KillProcess();
    }

    /// <summary>Kills the whole process; another takes the run up from what is on disk.</summary>
    public void KillProcess()
    {
        if (Outcome is null)
            Restart(isNewProcess: true);
    }

    /// <summary>From now on nothing fails by itself.</summary>
    public void BecomeCalm() => world.Fate.BecomeCalm();

    /// <summary>Gives the run an input from outside.</summary>
    public void Give(IRunInput input)
    {
        Decide(input);
        world.Invariants.Check();
    }

    /// <summary>Lets a trainer die.</summary>
    public void Crash(int number) => actors!.Trainers.End(actors.Trainers[number].Key, "It was made to fail.", null);

    /// <summary>Lets a trainer compute wrong bits from now on, in all its lives and in all processes.</summary>
    public void BreakMachine(int number)
    {
        world.Fate.IsHonest = false;
        world.BrokenMachines.Add(number);
        actors!.Trainers[number].Device.IsFaulty = true;
    }

    /// <summary>Restarts a reducer, which forgets its round.</summary>
    public void Forget(int reducer) => actors!.Reducers.Replace(reducer);

    private void BeginFirst()
    {
        if (actors is null)
            Begin(isNewProcess: true);
    }

    private void Begin(bool isNewProcess)
    {
        world.Invariants.Begin(options, isNewProcess);
        actors = new SimulatedActors(world, options, Decide);
        Obey(null, logic.Begin(Now));
    }

    /// <summary>Steps at which processes resumed from states that nodes had retained, and the newest that was on disk.</summary>
    public List<(long Step, long OnDisk)> Takeovers { get; } = [];

    // With the supervisor its children stop; what is in memory is left, or, where the process died, only what is on disk.
    private void Restart(bool isNewProcess)
    {
        if (actors is not null)
            actors.Network.IsDown = true;
        world.Plane.CloseAll();
        logic = isNewProcess ? NewProcess() : NewLogic();
        Begin(isNewProcess);
    }

    private RunLogic NewLogic() => new(options, world.Plan, logic?.RecoveryState ?? RecoveryState.Of([]), [.. Journal]);

    // All that a new process finds, checkpoints that were left by going back among it.
    private RunLogic NewProcess()
    {
        world.Term++;
        if (world.Fate.Random.Next(2) == 0)
        {
            world.Disk.CutPower();
            world.Metrics.CutPower();
        }

        world.Plane.Slots.AsSpan().Clear();
        world.Experiences = new ExperienceMemory(world.Schedule);
        foreach (var step in world.Ledger.Keys.Where(_ => world.NeedsRollouts && world.Fate.Random.Next(4) == 0).ToList())
            world.Ledger.Remove(step);
        options = options with { Trainers = NextTrainers?.Invoke(world.Fate.Random) ?? options.Trainers };
        var recovery = options.TrainersRetainStates ? Retained() : RecoveryState.Of(world.Disk.Origins);
        var found = new RunLogic(options, world.Plan, recovery, [.. Journal]);
        var history = CheckpointHistory.Of(Journal);
        if (recovery.Held.Count == 0 && world.Disk.Origins.Any(origin => origin.Step == found.TakenSteps && history.IsVoid(origin)))
            throw new InvariantException($"The run resumes from the checkpoint of step {found.TakenSteps}, which it had left.");
        return found;
    }

    // Nodes may be lost with the process, or come too late; what they retained for an earlier one they may still have.
    private RecoveryState Retained()
    {
        var (left, random) = (RecoveryState.Of(world.Disk.Origins), world.Fate.Random);
        world.Retained.RemoveAll(_ => random.Next(2) == 0);
        world.Retained.AddRange(actors?.Trainers.Retained ?? []);
        var states = new RetainedStates([.. Journal], left, world.Metrics.WrittenStep);
        var there = world.Retained.Where(_ => random.Next(4) > 0).Select(static (state, i) => (new NodeKey($"{i}", 1), state));
        if (states.Choose([.. there]) is not [var (_, state), ..])
            return left;
        world.Plane.Slots[0] = (state.Hash, state.Step);
        Takeovers.Add((state.Step, left.Origin.Step));
        return states.With(state, slot: 0);
    }

    private void Decide(IRunInput input)
    {
        if (Outcome is not null)
            return;
        if (world.Fate.NoteInput())
            CalmAt = Now;
        if (input is BlockComputed block)
            computed += block.Block.Count;
        if (input is not Tick && world.Fate.Chance(world.Fate.Weather.RunCrash))
        {
            Restart(isNewProcess: false);
            return;
        }

        if (world.Fate.Chance(world.Fate.Weather.ProcessDeath))
        {
            Restart(isNewProcess: true);
            return;
        }

        if (world.Fate.Weather.TakenOver > 0 && world.Fate.Chance(world.Fate.Weather.TakenOver))
        {
            var (former, term) = (logic, world.Term);
            Restart(isNewProcess: true);
            Superseded.Add(new StaleLeader(world, former, term));
            return;
        }

        var before = logic.TakenSteps;
        IReadOnlyList<RunEffect> effects;
        try
        {
            effects = logic.Step(input, Now);
        }
        catch (InvariantException) when (input is JournalRecovered)
        {
            // It read what it does not know of: the next life knows.
            LateDecisions++;
            Restart(isNewProcess: false);
            return;
        }

        Transcript?.WriteLine($"{(Now - VirtualTime.Start).TotalSeconds,8:0.000} < {Text.Of(input)}");
        RunInvariants.CheckStep(before, logic.TakenSteps);
        Obey(input, effects);
        operators.Follow(logic.TakenSteps);
    }

    private void Obey(IRunInput? input, IReadOnlyList<RunEffect> effects)
    {
        if (input is OperatorRequest request)
            world.Invariants.Note(request);
        foreach (var effect in effects)
        {
            if (Transcript is not null && effect is not (WakeAt or ToGoodput))
                Transcript.WriteLine($"{"",8} > {Text.Of(effect)}");
            world.Invariants.Check(input, effect, logic);
            switch (effect)
            {
                case AnswerOperator answered:
                    Answers.Add(answered.Answer);
                    operators.Note(answered);
                    break;
                case NotifyText(var sentence, _):
                    Said.Add(sentence);
                    break;
                case ToGoodput(var turn):
                    Turns.Add(turn);
                    break;
                case OpenRound(var round):
                    world.Plane.Open(round, options.Reducers);
                    break;
                case CloseRound(var round):
                    world.Plane.Close(round);
                    break;
                case WakeAt(var at):
                    actors!.Network.After(at - Now, Wake);
                    break;
                case EndRun(var outcome):
                    Outcome = outcome;
                    break;
                default:
                    actors!.Send(effect);
                    break;
            }
        }

    }

    private void Wake() => Decide(new Tick());
}
