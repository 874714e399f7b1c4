using System.IO.Hashing;
using System.Runtime.InteropServices;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Spikes;
using ActorTrain.Actors.Tests.PostTraining;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>What the parts of a simulated run share, and what outlives its actors.</summary>
internal sealed class SimulatedWorld
{
    private readonly RolloutSchedule schedule = new();

    public SimulatedWorld(int seed, BatchPlan plan, Weather storm, Func<long, bool>? poison)
    {
        Plan = plan;
        SlowBy = [.. storm.SlowBy];
        MayBeDeceived = storm.Misreport > 0;
        Fate = new Fate(seed, storm);
        Data = new SimulatedData(plan) { IsPoison = poison ?? (static _ => false) };
        Disk = new SimulatedDisk(this);
        Metrics = new SimulatedMetricsFiles(Fate);
        Policy = new SimulatedPolicy(plan);
        Invariants = new RunInvariants(this);
    }

    public BatchPlan Plan { get; }

    public Fate Fate { get; }

    public VirtualTime Time { get; } = new();

    public SimulatedData Data { get; }

    public SimulatedPlane Plane { get; } = new();

    public SimulatedDisk Disk { get; }

    public SimulatedMetricsFiles Metrics { get; }

    /// <summary>The database.</summary>
    public List<RunEvent> Journal { get; } = [];

    /// <summary>The newest term of the run, in the database.</summary>
    public long Term { get; set; } = 1;

    public RunInvariants Invariants { get; }

    /// <summary>What rollouts are functions of.</summary>
    public SimulatedPolicy Policy { get; set; }

    /// <summary>What trainers train on, in the memory of the process.</summary>
    public ExperienceMemory Experiences { get; set; } = new(RolloutSchedule.OnPolicy);

    /// <summary>Which weights sample for which step.</summary>
    public RolloutSchedule Schedule
    {
        get => schedule;
        init
        {
            (schedule, Experiences) = (value, new ExperienceMemory(value));
            var usual = Policy.Options;
            Policy = new SimulatedPolicy(Plan) { Options = usual with { Rollouts = usual.Rollouts with { Epochs = value.Epochs } } };
        }
    }

    /// <summary>The rollouts on disk, by step.</summary>
    public SortedDictionary<long, StepRollouts> Ledger { get; } = [];

    public bool NeedsRollouts { get; init; }

    /// <summary>Whether wrong rollouts may be trained on where nobody compared them.</summary>
    public bool MayBeDeceived { get; set; }

    /// <summary>Trainers that found no rollouts for their batch, or those of other weights: those that are behind may.</summary>
    public int StaleTrainers { get; set; }

    /// <summary>Workers that compute wrongly in all their lives.</summary>
    public Dictionary<(ActorRole Role, int Number), WrongBits> Outliers { get; } = [];

    /// <summary>The rules that judge.</summary>
    public SpikeDetection Detection { get; set; } = new([new NonFiniteRule(), new LateRule()]);

    /// <summary>How long it takes to write a checkpoint.</summary>
    public TimeSpan SaveTime { get; set; }

    /// <summary>How many times longer than the fastest the machines compute, by number of the trainer in turn.</summary>
    public int[] SlowBy { get; }

    /// <summary>The most lanes that devices, which differ in it, compute at once.</summary>
    public int LanesAtOnce { get; set; } = 1;

    /// <summary>States that nodes have retained, some of which are of processes before the last.</summary>
    public List<RetainedState> Retained { get; } = [];

    /// <summary>Numbers of trainers that compute wrong bits in all their lives.</summary>
    public HashSet<int> BrokenMachines { get; } = [];

    /// <summary>Lives of the publisher of metrics so far.</summary>
    public long PublisherLives { get; set; }

    /// <summary>The last step of the run, as things stand.</summary>
    public Func<long> LastStep { get; set; } = static () => 0;

    public int SlownessOf(int trainer) => SlowBy[trainer % SlowBy.Length];

    /// <summary>What rollouts at some positions teach a trainer.</summary>
    /// <exception cref="StaleTrainerException">It has none of these prompts.</exception>
    /// <exception cref="UnequalRolloutException">They were not sampled by its weights, and are said to be.</exception>
    public ulong Learned(IReadOnlyList<long> positions, ulong state)
    {
        List<RolloutBatch> batches;
        try
        {
            batches = [.. Experiences.Batches(positions.Select(static position => new PlannedSample(position, 0, 0)), microBatch: 4)];
        }
        catch (InvariantException exception)
        {
            throw new StaleTrainerException(exception.Message);
        }

        var expected = (double)SimulatedPolicy.LogProbability(state);
        foreach (var batch in batches.Where(static batch => batch.IsOnPolicy))
        {
            for (var sequence = 0; sequence < batch.Sequences; sequence++)
            {
                var (start, end) = batch.RowsOf(sequence);
                var first = Enumerable.Range(start, end - start).First(row => batch.Targets[row] != TokenBatch.NoTarget);
                if (batch.Behaviour[first] != expected)
                    throw new UnequalRolloutException("A token's log-probability is another than that of the sampler.");
            }
        }

        return Salt(batches);
    }

    /// <summary>What rollouts at some positions, sampled by a state, teach where nothing is disturbed.</summary>
    public ulong SaltOf(long step, ulong state, SkipList skips, IReadOnlyList<long> positions) =>
        Salt(Policy.Experience(step, state, skips).Batches(positions, microBatch: 4));

    /// <summary>All that training reads of rollouts, as a number.</summary>
    private static ulong Salt(IEnumerable<RolloutBatch> batches)
    {
        var hash = new XxHash3();
        foreach (var batch in batches)
        {
            hash.Append(MemoryMarshal.AsBytes<long>(batch.Inputs));
            hash.Append(MemoryMarshal.AsBytes<long>(batch.Targets));
            hash.Append(MemoryMarshal.AsBytes<double>(batch.Behaviour));
            hash.Append(MemoryMarshal.AsBytes<double>(batch.Reference));
            hash.Append(MemoryMarshal.AsBytes<double>(batch.Advantages));
            hash.Append(MemoryMarshal.AsBytes<bool>(batch.Mask));
            hash.Append(BitConverter.GetBytes(batch.Step.Tokens));
        }

        return hash.GetCurrentHashAsUInt64();
    }

    /// <summary>Kills the process of the run; another takes it up.</summary>
    public Action KillProcess { get; set; } = static () => { };
}

/// <summary>A trainer is asked for what it cannot compute any more: it fails, and another takes its place.</summary>
internal sealed class StaleTrainerException(string message) : Exception(message);
