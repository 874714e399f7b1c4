using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>What must hold after every message, whatever fails; where it does not, an <see cref="InvariantException"/> says so.</summary>
internal sealed class RunInvariants(SimulatedWorld world)
{
    // Under which ticket each trainer was last asked for a block, of the round under way, and what the plan leaves out in each round.
    private readonly Dictionary<(TrainerKey Trainer, LaneBlock Block), Ticket> asked = [];
    private readonly Dictionary<Round, SkipList> skips = [];

    // The rounds whose updates make up the weights, by step, and all states that a run that nothing disturbs reaches with the same
    // decisions.
    private readonly SortedDictionary<long, Round> committed = [];
    private readonly HashSet<(long Step, ulong State)> reached = [(0, Arithmetic.Seed)];
    private readonly Dictionary<(Round Round, ulong From), ulong> updates = [];
    private readonly Dictionary<(long Step, ulong State), ulong> formers = [];

    // The experiences that may be handed over, and their steps.
    private readonly Dictionary<ulong, long> handed = [];

    // What the database holds, as far as it was looked at.
    private readonly HashSet<Intervention> durableCorrections = [];
    private readonly HashSet<long> durableReturns = [];
    private int durable;
    private long durableSteps;

    // What this life of the run decided, by number, and with which decision each operator's request was taken up.
    private readonly Dictionary<long, RunEvent> decided = [];
    private readonly Dictionary<long, long> requests = [];
    private IReadOnlyList<RunEvent> known = [];
    private RunLogicOptions options = null!;
    private long lastDecision;
    private long lastRound;

    /// <summary>Another life of the run begins.</summary>
    /// <param name="options">Its options.</param>
    /// <param name="isNewProcess">Whether nothing is left of the last one but what is on disk.</param>
    public void Begin(RunLogicOptions options, bool isNewProcess)
    {
        this.options = options;
        asked.Clear();
        skips.Clear();
        committed.Clear();
        updates.Clear();
        decided.Clear();
        known = [.. world.Journal];
        requests.Clear();
        if (isNewProcess)
            lastRound = 0;
        lastDecision = world.Journal.Count;
    }

    /// <summary>After every message.</summary>
    public void Check()
    {
        world.Disk.Check();
        for (; durable < world.Journal.Count; durable++)
            Follow(world.Journal[durable]);
    }

    /// <summary>The run has decided upon an input.</summary>
    public static void CheckStep(long before, long after)
    {
        if (after > before + 1)
            throw new InvariantException("Two updates were committed at once.");
    }

    /// <summary>The run is about to have something done.</summary>
    public void Check(IRunInput? input, RunEffect effect, RunLogic logic)
    {
        switch (effect)
        {
            case OpenRound(var round):
                CheckRound(round, logic);
                break;
            case ToRollouts(PrepareExperience prepare):
                // With a lag, a request is repeated after its weights were left.
                if (prepare.Weights.Step != world.Schedule.WeightsOf(prepare.Step) || prepare.Weights.Step > logic.TakenSteps
                    || prepare.Step < logic.TakenSteps)
                    throw new InvariantException($"Rollouts of {prepare.Weights} are asked for at step {logic.TakenSteps}, for step {prepare.Step}.");
                Note(prepare);
                break;
            case ToTrainer(var trainer, ComputeLanes compute):
                skips.TryAdd(compute.Ticket.Round, compute.Skips);
                foreach (var block in compute.Blocks)
                    asked[(trainer, block)] = compute.Ticket;
                break;
            case ToTrainer(_, ApplyUpdate apply):
                CheckCommit(apply.Round);
                break;
            case ToTrainer(_, LoadState { Source: CheckpointState } load) when IsVoid(load.Step):
                throw new InvariantException($"A trainer takes over the checkpoint of step {load.Step}, which the run had left.");
            case ToReducer(_, AddBlock add) when input is BlockComputed computed:
                CheckBlock(add, computed);
                break;
            case ToCheckpointer(SaveCheckpoint save):
                CheckSave(save, logic);
                break;
            case ToMetrics(Rewind rewind) when rewind.Reason != MetricsStream.Resumed && !durableReturns.Contains(rewind.Step):
                throw new InvariantException($"The metrics are rewound to step {rewind.Step}, and no durable decision says why.");
            // As it is committed: what is written late may be of an attempt that the run has rolled back since.
            case NotifyMeasurement { Measurement: StepMeasurement step }:
                CheckSamples(step);
                break;
            case ToJournal(var record):
                Note(record);
                break;
            case AnswerOperator(var request, { IsAccepted: true }) when requests.GetValueOrDefault(request) > world.Journal.Count:
                throw new InvariantException($"Request {request} is accepted, and a crash would forget it.");
            case EndRun:
                CheckJournal();
                break;
        }
    }

    /// <summary>An operator's request is taken up: what it leads to is decided next.</summary>
    public void Note(OperatorRequest request) => requests[request.Number] = lastDecision + 1;

    /// <summary>Somebody takes over, or saves, a state.</summary>
    public void CheckState(TrainerKey? trainer, long step, ulong state)
    {
        if (world.Fate.IsHonest && !reached.Contains((step, state)))
        {
            var who = trainer?.ToString() ?? "The disk";
            throw new InvariantException($"{who} takes over {state:x16} as the state of step {step}, which no undisturbed run reaches.");
        }
    }

    /// <summary>Trainers are given what a step is trained on.</summary>
    public void CheckExperience(long step, Experience experience)
    {
        if (world.MayBeDeceived)
            return;
        if (!handed.TryGetValue(experience.Hash, out var known))
            throw new InvariantException($"What is handed over for step {step} is not what was asked for: {experience.Hash:x16}.");
        if (known != step)
            throw new InvariantException($"What is handed over for step {step} is that of step {known}.");
    }

    /// <summary>Rollouts are asked for.</summary>
    public void Note(PrepareExperience asked)
    {
        CheckState(null, asked.Weights.Step, asked.Weights.Hash);
        handed[world.Policy.Experience(asked.Step, asked.Weights.Hash, asked.Skips).Hash] = asked.Step;
    }

    /// <summary>A trainer has applied an update.</summary>
    public void CheckUpdate(TrainerKey trainer, Round round, ulong before, ulong after, double rate)
    {
        if (!committed.TryGetValue(round.Step, out var current) || current != round)
            throw new InvariantException($"{trainer} applies {round}, which is not the one that was committed: {current}.");
        if (!world.Fate.IsHonest || !skips.TryGetValue(round, out var left))
            return;
        if (!updates.TryGetValue((round, before), out var expected))
        {
            var total = Arithmetic.Block(
                before, new LaneBlock(0, options.Lanes), lane => world.Data.Positions(round.Step, lane, left),
                world.NeedsRollouts ? read => world.SaltOf(round.Step, SamplerOf(round.Step, before), left, read) : null);
            expected = Arithmetic.Apply(before, total, rate);
            updates.Add((round, before), expected);
            reached.Add((round.Step + 1, expected));
            formers[(round.Step + 1, expected)] = before;
        }

        if (after != expected)
            throw new InvariantException($"{trainer} came to {after:x16} by {round}, and an undisturbed run comes to {expected:x16}.");
    }

    /// <summary>The state before <paramref name="state"/> that sampled the rollouts of a step.</summary>
    private ulong SamplerOf(long step, ulong state)
    {
        for (var at = step; at > world.Schedule.WeightsOf(step); at--)
            state = formers[(at, state)];
        return state;
    }

    /// <summary>Whether the run has abandoned a checkpoint, by what this life of it knows: decisions of a former process that reach the
    /// database later than it was read end this life, and the next one knows them.</summary>
    private bool IsVoid(long step)
    {
        var history = CheckpointHistory.Of(known.Concat(decided.OrderBy(static one => one.Key).Select(static one => one.Value)));
        return world.Disk.Origins.Any(origin => origin.Step == step && history.IsVoid(origin));
    }

    private void CheckRound(Round round, RunLogic logic)
    {
        if (round.Number <= lastRound)
            throw new InvariantException($"{round} is begun after round {lastRound}.");
        if (round.Step != logic.TakenSteps)
            throw new InvariantException($"{round} is begun at step {logic.TakenSteps}.");
        if (round.Step >= Math.Max(options.Steps, durableSteps))
            throw new InvariantException($"{round} is begun, and no durable decision makes the run so long.");
        if (world.Plane.OpenRounds > options.TotalsKept)
            throw new InvariantException($"{world.Plane.OpenRounds} rounds are open when {round} is begun.");
        lastRound = round.Number;
        asked.Clear();
    }

    private void CheckCommit(Round round)
    {
        if (committed.TryGetValue(round.Step, out var other) && other != round)
            throw new InvariantException($"Both {other} and {round} are committed.");
        committed[round.Step] = round;
    }

    private void CheckBlock(AddBlock add, BlockComputed computed)
    {
        var ticket = asked.GetValueOrDefault((computed.Trainer, add.Block));
        if (computed.Ticket != ticket || ticket.Round != add.Round || computed.Block != add.Block)
        {
            throw new InvariantException(
                $"{computed.Trainer} computed {computed.Block} under {computed.Ticket}; that counts for {add.Round}, and {ticket} is open.");
        }
    }

    private void CheckSave(SaveCheckpoint save, RunLogic logic)
    {
        if (save.Decisions > world.Journal.Count)
        {
            throw new InvariantException(
                $"The checkpoint of step {save.Step} says that it rests on {save.Decisions} decisions; {world.Journal.Count} are durable.");
        }

        // There is no time to wait for the database where the run ends.
        if (save.Overrides.Interventions.Find(intervention => !durableCorrections.Contains(intervention)) is { } unknown
            && logic.TakenSteps < logic.Status().Steps && logic.Status().Phase is not (RunPhase.Failing or RunPhase.Stopping))
        {
            throw new InvariantException(
                $"The checkpoint of step {save.Step} has intervention {unknown.Number}, which a crash would forget.");
        }
    }

    private void CheckJournal()
    {
        foreach (var (number, decision) in decided)
        {
            if (number <= world.Journal.Count && !world.Journal[(int)number - 1].Equals(decision))
                throw new InvariantException($"The journal does not hold {decision}.");
        }
    }

    private void CheckSamples(StepMeasurement step)
    {
        if (!committed.TryGetValue(step.Step - 1, out var round) || !skips.TryGetValue(round, out var left))
            return;
        var planned = Enumerable.Range(0, options.Lanes).SelectMany(lane => world.Data.Positions(round.Step, lane, left));
        if (!planned.SequenceEqual(step.Positions))
            throw new InvariantException($"Step {step.Step} read other samples than the plan has for it.");
    }

    // Updates of later steps count no longer when the run goes back.
    private void Note(RecordDecision record)
    {
        if (record.Number > lastDecision && record.Event is RunRolledBack or RunRewound)
        {
            foreach (var left in committed.Keys.Where(step => step >= record.Event.Step).ToList())
                committed.Remove(left);
        }

        decided[record.Number] = record.Event;
        lastDecision = Math.Max(lastDecision, record.Number);
    }

    private void Follow(RunEvent decision)
    {
        switch (decision)
        {
            case RunExtended extended:
                durableSteps = Math.Max(durableSteps, extended.Intervention.Steps ?? 0);
                durableCorrections.Add(extended.Intervention);
                break;
            case CourseCorrected corrected:
                durableCorrections.Add(corrected.Intervention);
                break;
            case RunRolledBack or RunRewound:
                durableReturns.Add(decision.Step);
                break;
        }
    }
}
