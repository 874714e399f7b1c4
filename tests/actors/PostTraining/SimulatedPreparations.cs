using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tests.Simulation;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.PostTraining;

/// <summary>Has the rollouts of some steps prepared, as a run does: asks again, returns to earlier steps, skips prompts, is restarted, and
/// publishes weights again where they are gone.</summary>
internal sealed class SimulatedPreparations
{
    private static readonly BatchPlan Plan = new(3, 1000, 4, 4);
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromMinutes(5);

    private readonly SimulatedWorld world;
    private readonly RolloutsOptions options;
    private readonly int steps;
    private SimulatedNetwork network = null!;
    private SimulatedRollouts rollouts = null!;
    private PrepareExperience? asked;
    private SkipList skips = SkipList.Empty;
    private DateTimeOffset? calmAt;
    private long number;
    private long step;
    private ulong branch = 1;

    public SimulatedPreparations(int seed, int steps, Weather weather, Func<RolloutsOptions, RolloutsOptions>? change = null)
    {
        this.steps = steps;
        world = new SimulatedWorld(seed, Plan, weather, poison: null) { NeedsRollouts = true };
        world.Fate.IsHonest = false;
        options = change?.Invoke(world.Policy.Options) ?? world.Policy.Options;
        world.Policy = new SimulatedPolicy(Plan) { Options = options };
    }

    /// <summary>Chance of a return, of other skips, or of another life of the run, whenever it looks around.</summary>
    public double Turns { get; init; }

    /// <summary>Workers that compute wrongly.</summary>
    public IReadOnlyDictionary<int, WrongBits> Outliers
    {
        init
        {
            foreach (var (worker, wrong) in value)
                world.Outliers[(OutlierRole, worker)] = wrong;
        }
    }

    /// <summary>Set it before them.</summary>
    public ActorRole OutlierRole { private get; init; } = ActorRole.Rollout;

    /// <summary>Whether wrong rollouts may be accepted where nobody compared them.</summary>
    public bool MayBeDeceived { init => world.MayBeDeceived = value; }

    public List<IRunInput> Reports { get; } = [];

    public IEnumerable<WorkerCorrupted> Corrupted => Reports.OfType<WorkerCorrupted>();

    public void Run()
    {
        BeginLife();
        LookAround();
        for (var events = 0; step < steps; events++)
        {
            if (events > 400_000 || !world.Time.Advance())
                throw new InvariantException($"Step {step} is never prepared: {asked}.");
            if (calmAt is { } calm && world.Time.Now - calm > RecoveryLimit)
                throw new InvariantException($"Step {step} is not prepared {RecoveryLimit} after the last fault: {asked}.");
        }
    }

    // With the run's supervisor that of the rollouts ends, and numbers begin anew.
    private void BeginLife()
    {
        if (network is not null)
            network.IsDown = true;
        number = 0;
        asked = null;
        network = new SimulatedNetwork(world.Time, world.Fate, world.Invariants);
        var life = network;
        rollouts = new SimulatedRollouts(world, network, options, report => life.Send(() => Handle(report)));
    }

    private void LookAround()
    {
        NoteInput();
        if (world.Fate.Weather != Weather.Calm && world.Fate.Chance(Turns))
            Turn();
        if (asked is null || asked.Step != step || !asked.Skips.Equals(skips))
            Publish();
        Ask();
        world.Time.After(TimeSpan.FromSeconds(1), LookAround);
    }

    private void Turn()
    {
        switch (world.Fate.Random.Next(5))
        {
            case 0:
                // Other weights of an earlier step.
                step = world.Fate.Random.Next((int)step + 1);
                branch++;
                asked = null;
                break;
            case 1:
                var position = (step * 4) + world.Fate.Random.Next(4);
                if (!skips.Ranges.Any(range => range.First == position))
                    skips = skips.With(new SkippedRange(position, 1, "a test"));
                break;
            case 2:
                BeginLife();
                break;
            case 3:
                var (to, resize) = (rollouts, new ResizeSamplers(world.Fate.Random.Next(1, 5)));
                network.Send(() => to.Handle(resize));
                break;
            default:
                // The snapshot goes.
                if (asked is not null)
                    world.Plane.Slots[asked.Weights.Slot] = default;
                break;
        }
    }

    private void Publish()
    {
        var weights = new PublishedWeights(step, world.Fate.Random.Next(8), (branch << 32) + (ulong)step + 1);
        world.Plane.Slots[weights.Slot] = (weights.Hash, weights.Step);
        asked = new PrepareExperience(++number, number, step, weights, skips);
        world.Invariants.Note(asked);
    }

    private void Ask()
    {
        var (to, command) = (rollouts, asked!);
        network.Send(() => to.Handle(command));
    }

    private void Handle(IRunInput report)
    {
        NoteInput();
        Reports.Add(report);
        switch (report)
        {
            case ExperiencePrepared done when done.Number == asked?.Number:
                var expected = world.Policy.Experience(asked.Step, asked.Weights.Hash, asked.Skips);
                if (!world.MayBeDeceived && (done.Hash != expected.Hash || !done.Summary.Equals(expected.Summary)))
                    throw new InvariantException($"{asked} is answered by {done}, and it is {expected.Hash}.");
                (step, asked) = (step + 1, null);
                break;
            case RolloutsStarted when asked is not null:
                Ask();
                break;
            case WeightsRefused refused when refused.Number == asked?.Number:
                Publish();
                Ask();
                break;
        }
    }

    private void NoteInput()
    {
        if (world.Fate.NoteInput())
            calmAt = world.Time.Now;
    }
}
