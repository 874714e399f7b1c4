using System.IO.Hashing;
using System.Text;

namespace ActorTrain.Chaos;

/// <summary>What a schedule depends on of the run that it is for.</summary>
/// <param name="Steps">Its steps.</param>
/// <param name="TrainerTimeout">After what silence a trainer is taken for hung.</param>
/// <param name="SaveInterval">Steps from one checkpoint to the next; where the run chooses them, the most that it may.</param>
public sealed record ChaosTarget(long Steps, int Batch, int Trainers, int Reducers, TimeSpan TrainerTimeout, long SaveInterval);

/// <summary>All faults of one run.</summary>
/// <param name="Seed">Decides what the faults leave open: who, which bit, which tokens.</param>
/// <param name="IsTimed">Whether they come by the clock: then some may lie behind the end of the run.</param>
public sealed record ChaosSchedule(ulong Seed, IReadOnlyList<ChaosFault> Faults, bool IsTimed = false)
{
    // Much more than any run lives to see.
    private const int TimedFaults = 2000;

    // The rules that judge a batch by those before it say nothing of the first ones.
    private const int LeastStepsForPoison = 100;

    /// <summary>Works a fault out: what is not given depends on seed, number, kind and step alone.</summary>
    public static ChaosFault Complete(ulong seed, ChaosFault fault, ChaosTarget run, string? actor, double? seconds, long? bit, int batches)
    {
        var kind = ChaosKinds.ByName[fault.Kind];
        ulong Draw(string what, int below) => Chance.Of(seed, $"{fault.Number}/{kind.Name}/{fault.Step}/{what}") % (ulong)below;
        string Numbered(string role) => role switch
        {
            ChaosKind.Trainer => $"{role}-{Draw("trainer", run.Trainers)}",
            ChaosKind.Reducer => $"{role}-{Draw("reducer", run.Reducers)}",
            _ => role,
        };
        var role = kind.Role != ChaosKind.Anyone ? kind.Role
            : ((string[])[ChaosKind.Trainer, ChaosKind.Reducer, ChaosKind.Supervisor, ChaosKind.Spikes])[(int)Draw("role", 4)];
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

    /// <summary>Draws faults at random: as many as are asked for, every kind before any comes again.</summary>
    public static ChaosSchedule Draw(ulong seed, int count, ChaosTarget run)
    {
        var steps = run.Steps;
        var deck = Deck(seed, run, count, timed: false);
        var faults = deck.Select((kind, i) =>
        {
            // A batch is judged by those before it; a fault of the last step might find nobody who waits for an answer any more.
            var least = kind.Effect == FaultEffect.Poison ? steps / 2 : 1;

            // What strikes a checkpoint needs one before it, and one to come.
            var most = kind.Role == ChaosKind.Checkpointer ? steps - (2 * run.SaveInterval) : steps - 1;
            var step = least + (long)(Chance.Of(seed, $"{i + 1}/step") % (ulong)Math.Max(1, most - least));
            return Complete(seed, new ChaosFault { Number = i + 1, Kind = kind.Name, Step = step, Actor = "" }, run, null, null, null, 1);
        }).ToList();
        return new ChaosSchedule(seed, Distinct(faults));
    }

    /// <summary>Draws a fault for every so many seconds.</summary>
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
    private static bool Suits(ChaosKind kind, ChaosTarget run, bool timed) => kind.Effect switch
    {
        FaultEffect.Poison => !timed && run.Steps >= LeastStepsForPoison,
        FaultEffect.Tear or FaultEffect.FillDisk => run.SaveInterval > 0 && run.Steps > 4 * run.SaveInterval,
        FaultEffect.Hang => run.TrainerTimeout <= TimeSpan.FromSeconds(30),
        _ => true,
    };
}

/// <summary>Numbers that look random and depend on a seed and a name alone.</summary>
public static class Chance
{
    public static ulong Of(ulong seed, string name) => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(name), (long)seed);
}
