using ActorTrain.Actors.Spikes;
using ActorTrain.Data.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>What the parts of a simulated run share, and what outlives its actors.</summary>
internal sealed class SimulatedWorld
{
    public SimulatedWorld(int seed, BatchPlan plan, Weather storm, Func<long, bool>? poison)
    {
        Plan = plan;
        Fate = new Fate(seed, storm);
        Data = new SimulatedData(plan) { IsPoison = poison ?? (static _ => false) };
        Disk = new SimulatedDisk(this);
        Metrics = new SimulatedMetricsFiles(Fate);
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

    public RunInvariants Invariants { get; }

    /// <summary>The rules that judge.</summary>
    public SpikeDetection Detection { get; set; } = new([new NonFiniteRule(), new LateRule()]);

    /// <summary>How long it takes to write a checkpoint.</summary>
    public TimeSpan SaveTime { get; set; }

    /// <summary>The most lanes that devices, which differ in it, compute at once.</summary>
    public int LanesAtOnce { get; set; } = 1;

    /// <summary>Numbers of trainers that compute wrong bits in all their lives.</summary>
    public HashSet<int> BrokenMachines { get; } = [];

    /// <summary>Lives of the publisher of metrics so far.</summary>
    public long PublisherLives { get; set; }

    /// <summary>The last step of the run, as things stand.</summary>
    public Func<long> LastStep { get; set; } = static () => 0;

    /// <summary>Kills the process of the run; another takes it up.</summary>
    public Action KillProcess { get; set; } = static () => { };
}
