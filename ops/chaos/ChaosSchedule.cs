using System.IO.Hashing;
using System.Text;

namespace ActorTrain.Chaos;

/// <summary>What a schedule depends on in its run.</summary>
/// <param name="TrainerTimeout">Silence after which a trainer is considered hung.</param>
/// <param name="SaveInterval">Steps between checkpoints; if the run chooses them, the upper bound.</param>
public sealed record ChaosTarget(long Steps, int Batch, int Trainers, int Reducers, TimeSpan TrainerTimeout, long SaveInterval)
{
    /// <summary>Null without rollouts.</summary>
    public RolloutTarget? Rollouts { get; init; }

    /// <summary>Processes that host the trainers, <c>node-1</c> and so on; 0 if the process that leads does.</summary>
    public int Nodes { get; init; }
}

/// <param name="IsOnPolicy">Whether each step is trained on rollouts of its own weights.</param>
public sealed record RolloutTarget(int Samplers, bool IsOnPolicy, bool HasReference, bool HasCritic)
{
    /// <summary>The last step whose weights sample: workers do nothing after it.</summary>
    public long LastSampling { get; init; } = long.MaxValue;
}

/// <summary>All faults of one run.</summary>
/// <param name="Seed">Determines actor, bit and tokens if not given.</param>
/// <param name="IsTimed">Whether faults are timed by the clock: then some may be due after the end of the run.</param>
public sealed record ChaosSchedule(ulong Seed, IReadOnlyList<ChaosFault> Faults, bool IsTimed = false)
{
    // More than any run will reach.
    private const int TimedFaults = 2000;

    // Rules that judge a batch by earlier ones cannot judge the first ones.
    private const int LeastStepsForPoison = 100;

    /// <summary>Completes a fault: what is not given depends only on seed, number, kind and step.</summary>
    public static ChaosFault Complete(ulong seed, ChaosFault fault, ChaosTarget run, string? actor, double? seconds, long? bit, int batches)
    {
        var kind = ChaosKinds.ByName[fault.Kind];
        ulong Draw(string what, int below) => Chance.Of(seed, $"{fault.Number}/{kind.Name}/{fault.Step}/{what}") % (ulong)below;
        string Numbered(string role) => role switch
        {
            ChaosKind.Trainer => $"{role}-{Draw("trainer", run.Trainers)}",
            ChaosKind.Reducer => $"{role}-{Draw("reducer", run.Reducers)}",
            ChaosKind.Sampler => $"{role}-{Draw("sampler", run.Rollouts!.Samplers)}",
            ChaosKind.Node => $"{role}-{1 + Draw("node", run.Nodes)}",
            _ => role,
        };
        string[] roles =
        [
            ChaosKind.Trainer, ChaosKind.Reducer, ChaosKind.Supervisor, ChaosKind.Spikes,
            .. run.Rollouts is null ? (string[])[] : [ChaosKind.Rollouts, ChaosKind.Sampler],
        ];
        var role = kind.Role != ChaosKind.Anyone ? kind.Role : roles[(int)Draw("role", roles.Length)];
        var lasts = kind.Seconds ?? (kind.Effect == FaultEffect.Hang ? 2 * run.TrainerTimeout.TotalSeconds : 0);
        return fault with
        {
            Actor = actor ?? Numbered(role),
            MayStandIn = actor is null,
            Seconds = seconds ?? lasts,
            Bit = bit ?? (long)(Chance.Of(seed, $"{fault.Number}/bit") >> 1),
            FirstPosition = kind.Effect == FaultEffect.Poison ? fault.Step!.Value * run.Batch : 0,
            Positions = kind.Effect == FaultEffect.Poison ? (long)batches * run.Batch : 0,
        };
    }

    /// <summary>Draws random faults; every kind occurs before any occurs again.</summary>
    public static ChaosSchedule Draw(ulong seed, int count, ChaosTarget run)
    {
        var steps = run.Steps;
        var deck = Deck(seed, run, count, timed: false);
        var faults = deck.Select((kind, i) =>
        {
            // A batch is judged by earlier ones; in the last step, nothing may wait for an answer any more.
            var least = kind.Effect == FaultEffect.Poison ? steps / 2 : 1;

            // A fault of a checkpoint needs one before it, and a later one.
            var most = kind.Role == ChaosKind.Checkpointer ? steps - (2 * run.SaveInterval)
                : kind.IsOfWorker ? Math.Min(run.Rollouts!.LastSampling, steps - 1) : steps - 1;
            var step = least + (long)(Chance.Of(seed, $"{i + 1}/step") % (ulong)Math.Max(1, most - least));
            return Complete(seed, new ChaosFault { Number = i + 1, Kind = kind.Name, Step = step, Actor = "" }, run, null, null, null, 1);
        }).ToList();
        return new ChaosSchedule(seed, Distinct(faults));
    }

    public static ChaosSchedule DrawTimed(ulong seed, double every, ChaosTarget run) => new(
        seed,
        [.. Deck(seed, run, TimedFaults, timed: true).Select((kind, i) =>
            Complete(seed, new ChaosFault { Number = i + 1, Kind = kind.Name, After = (i + 1) * every, Actor = "" }, run, null, null, null,
                1))],
        IsTimed: true);

    // The same batch is not poisoned twice.
    private static List<ChaosFault> Distinct(IEnumerable<ChaosFault> faults) =>
        [.. faults.GroupBy(static fault => fault.Positions > 0 ? fault.FirstPosition : -fault.Number).Select(static same => same.First())];

    private static List<ChaosKind> Deck(ulong seed, ChaosTarget run, int count, bool timed)
    {
        var kinds = ChaosKinds.All.Where(kind => Suits(kind, run, timed)).ToArray();
        var deck = new List<ChaosKind>();
        for (var round = 0; deck.Count < count; round++)
            deck.AddRange(kinds.OrderBy(kind => Chance.Of(seed, $"{round}/{kind.Name}")));
        return deck[..count];
    }

    // A hang lasts twice the timeout, so it is drawn only where that is short.
    private static bool Suits(ChaosKind kind, ChaosTarget run, bool timed) => kind.LackIn(run) is null && kind.Effect switch
    {
        FaultEffect.Poison => !timed && run.Steps >= LeastStepsForPoison,
        FaultEffect.Tear or FaultEffect.FillDisk => run.SaveInterval > 0 && run.Steps > 4 * run.SaveInterval,
        FaultEffect.Hang => run.TrainerTimeout <= TimeSpan.FromSeconds(30),
        _ => true,
    };
}

public static class Chance
{
    public static ulong Of(ulong seed, string name) => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(name), (long)seed);
}
