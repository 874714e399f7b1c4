using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Chaos;

/// <summary>All that is to befall one run.</summary>
/// <param name="Seed">Decides what the faults leave open: who, which bit, which tokens.</param>
/// <param name="Faults">The faults, by number.</param>
/// <param name="IsTimed">Whether they come by the clock: then some may lie behind the end of the run.</param>
internal sealed record ChaosSchedule(ulong Seed, IReadOnlyList<ChaosFault> Faults, bool IsTimed = false)
{
    // Much more than any run lives to see.
    private const int TimedFaults = 2000;

    // The rules that judge a batch by those before it say nothing of the first ones.
    private const int LeastStepsForPoison = 100;

    /// <summary>Works a fault out: what is not given depends on seed, number, kind and step alone.</summary>
    public static ChaosFault Complete(ulong seed, ChaosFault fault, RunConfiguration configuration, string? actor, double? seconds, long? bit, int batches)
    {
        var kind = ChaosKinds.ByName[fault.Kind];
        var training = configuration.Training;
        ulong Draw(string what, int below) => Chance.Of(seed, $"{fault.Number}/{kind.Name}/{fault.Step}/{what}") % (ulong)below;
        string Numbered(string role) => role switch
        {
            ChaosKind.Trainer => $"{role}-{Draw("trainer", configuration.Trainers.Count)}",
            ChaosKind.Reducer => $"{role}-{Draw("reducer", configuration.ReducerCount)}",
            _ => role,
        };
        var role = kind.Role != ChaosKind.Anyone ? kind.Role
            : ((string[])[ChaosKind.Trainer, ChaosKind.Reducer, ChaosKind.Supervisor, ChaosKind.Spikes])[(int)Draw("role", 4)];
        var lasts = kind.Seconds ?? (kind.Blow == Blow.Hang ? 2 * configuration.Trainers.Timeout.TotalSeconds : 0);
        return fault with
        {
            Actor = actor ?? Numbered(role),
            MayStandIn = actor is null,
            Seconds = seconds ?? lasts,
            Bit = bit ?? (long)(Chance.Of(seed, $"{fault.Number}/bit") >> 1),
            FirstPosition = kind.Blow == Blow.Poison ? fault.Step!.Value * training.Batch : 0,
            Positions = kind.Blow == Blow.Poison ? (long)batches * training.Batch : 0,
        };
    }

    /// <summary>Draws faults at random: as many as are asked for, every kind before any comes again.</summary>
    public static ChaosSchedule Draw(ulong seed, int count, RunConfiguration configuration)
    {
        var steps = configuration.Training.Steps;
        var deck = Deck(seed, configuration, count, timed: false);
        var faults = deck.Select((kind, i) =>
        {
            // A batch is judged by those before it; a fault of the last step might find nobody who waits for an answer any more.
            var least = kind.Blow == Blow.Poison ? steps / 2 : 1;

            // What strikes a checkpoint needs one before it, and one to come.
            var most = kind.Role == ChaosKind.Checkpointer ? steps - (2 * SavingInterval(configuration)) : steps - 1;
            var step = least + (long)(Chance.Of(seed, $"{i + 1}/step") % (ulong)Math.Max(1, most - least));
            return Complete(seed, new ChaosFault { Number = i + 1, Kind = kind.Name, Step = step, Actor = "" }, configuration, null, null, null, 1);
        }).ToList();
        return new ChaosSchedule(seed, Distinct(faults));
    }

    /// <summary>Draws a fault for every so many seconds.</summary>
    public static ChaosSchedule DrawTimed(ulong seed, double every, RunConfiguration configuration) => new(
        seed,
        [.. Deck(seed, configuration, TimedFaults, timed: true).Select((kind, i) =>
            Complete(seed, new ChaosFault { Number = i + 1, Kind = kind.Name, After = (i + 1) * every, Actor = "" }, configuration, null, null, null, 1))],
        IsTimed: true);

    // The same batch is not poisoned twice.
    private static List<ChaosFault> Distinct(IEnumerable<ChaosFault> faults) =>
        [.. faults.GroupBy(static fault => fault.Positions > 0 ? fault.FirstPosition : -fault.Number).Select(static same => same.First())];

    private static List<ChaosKind> Deck(ulong seed, RunConfiguration configuration, int count, bool timed)
    {
        var kinds = ChaosKinds.All.Where(kind => Suits(kind, configuration, timed)).ToArray();
        var deck = new List<ChaosKind>();
        for (var round = 0; deck.Count < count; round++)
            deck.AddRange(kinds.OrderBy(kind => Chance.Of(seed, $"{round}/{kind.Name}")));
        return deck[..count];
    }

    // Where the run chooses it, the longest that it may choose.
    private static long SavingInterval(RunConfiguration configuration) =>
        configuration.Checkpoints.Every ?? configuration.Checkpoints.Interval.Most;

    // A hang lasts twice the timeout, so it is drawn only where that is short.
    private static bool Suits(ChaosKind kind, RunConfiguration configuration, bool timed) => kind.Blow switch
    {
        Blow.Poison => !timed && configuration.Training.Steps >= LeastStepsForPoison,
        Blow.Tear or Blow.FillDisk => SavingInterval(configuration) > 0 && configuration.Training.Steps > 4 * SavingInterval(configuration),
        Blow.Hang => configuration.Trainers.Timeout <= TimeSpan.FromSeconds(30),
        _ => true,
    };
}

/// <summary>Numbers that look random and depend on a seed and a name alone.</summary>
internal static class Chance
{
    public static ulong Of(ulong seed, string name)
    {
        var hash = 14695981039346656037UL ^ (seed * 0x9E3779B97F4A7C15UL);
        foreach (var letter in name)
            hash = (hash ^ letter) * 1099511628211UL;
        hash = (hash ^ (hash >> 29)) * 0xBF58476D1CE4E5B9UL;
        return hash ^ (hash >> 32);
    }
}
