using ActorTrain.Models;
using ActorTrain.Persistence.Goodput;

namespace ActorTrain.Actors.Goodput;

/// <summary>The time account of a run, from its beginning to the last known moment.</summary>
/// <remarks>
/// <para>ETTR, the effective training time ratio, is the fraction of time spent on new steps and their rollouts (the "effective training
/// time" of The Llama 3 Herd of Models, 2024, section 3.3.4; "productive runtime" over available wall-clock time in Kokolis et al.,
/// Revisiting Reliability in Large-Scale Machine Learning Research Clusters, 2024, section II-D; the "effective training time rate" of
/// MegaScale, Jiang et al., 2024, section 6).</para>
/// <para>A failure is a fault that the run had to recover from, whether its process died or not. MTBF, the mean time between failures, is
/// the time neither paused nor stopped in order, per failure; MTTR, the mean time to recovery, is the cost per failure: downtime after a
/// process died, recovery, and steps redone until the former step is reached.</para>
/// </remarks>
/// <param name="Shares">They add up to exactly <see cref="Wall"/>.</param>
/// <param name="NewSteps">Updates committed for the first time.</param>
/// <param name="LostSteps">Updates that had to be committed again.</param>
public sealed record GoodputReport(DateTimeOffset From, DateTimeOffset To, EquatableArray<GoodputShare> Shares, long NewSteps,
    long LostSteps)
{
    /// <summary>Cause of a recovery requested by an operator; not a failure.</summary>
    public const string Operator = "operator";

    /// <summary>Cause of unrecorded time within one process.</summary>
    public const string NotRecorded = "not recorded";

    public TimeSpan Wall => Sum(static _ => true);

    /// <summary>Fraction of the time spent on new steps and their rollouts; 0 before any time has passed.</summary>
    public double Ettr => Ratio(Effective, Wall);

    /// <summary>The same fraction, of the time neither paused nor stopped in order.</summary>
    public double WantedEttr => Ratio(Effective, Wanted);

    private TimeSpan Effective => TimeOf(GoodputActivity.NewSteps) + TimeOf(GoodputActivity.Generating);

    /// <summary>Time neither paused nor stopped in order.</summary>
    public TimeSpan Wanted => Sum(static share => share.Activity != GoodputActivity.Paused
        && share is not { Activity: GoodputActivity.Down, Cause: GoodputClock.Stopped });

    /// <summary>Faults that the run had to recover from.</summary>
    public int Failures => Shares.Where(static share => share is { Activity: GoodputActivity.Recovering, Cause: not Operator })
        .Sum(static share => share.Begun);

    /// <summary>Mean time between failures; null without a failure.</summary>
    public TimeSpan? Mtbf => Failures == 0 ? null : Wanted / Failures;

    /// <summary>Mean time to recovery; null without a failure.</summary>
    public TimeSpan? Mttr => Failures == 0 ? null : Sum(static share =>
        share is { Activity: GoodputActivity.Recovering, Cause: not Operator } or { Activity: GoodputActivity.RedoneSteps }
            or { Activity: GoodputActivity.Down, Cause: not GoodputClock.Stopped }) / Failures;

    /// <summary>Time of one activity over all causes.</summary>
    public TimeSpan TimeOf(GoodputActivity activity) => Sum(share => share.Activity == activity);

    /// <param name="rows">Rows of <see cref="GoodputLog"/>, in the order written; null is returned for none.</param>
    public static GoodputReport? Of(IEnumerable<GoodputRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var shares = new SortedDictionary<(GoodputActivity Activity, string Cause), GoodputShare>();
        GoodputRow? first = null, last = null;
        long newSteps = 0, lostSteps = 0;
        foreach (var row in rows)
        {
            if (last is not null && row.From > last.To)
                Add(new GoodputShare(GoodputActivity.Down, NotRecorded, row.From - last.To));
            foreach (var share in row.Shares)
                Add(share);
            first ??= row;
            last = row;
            newSteps += row.NewSteps;
            lostSteps += row.RedoneSteps;
        }

        return last is null ? null : new GoodputReport(first!.From, last.To, [.. shares.Values], newSteps, lostSteps);

        void Add(GoodputShare share)
        {
            var key = (share.Activity, share.Cause ?? "");
            var before = shares.GetValueOrDefault(key);
            shares[key] = before is null ? share : before with { Time = before.Time + share.Time, Begun = before.Begun + share.Begun };
        }
    }

    private TimeSpan Sum(Func<GoodputShare, bool> which) => new(Shares.Where(which).Sum(static share => share.Time.Ticks));

    private static double Ratio(TimeSpan part, TimeSpan whole) => whole > TimeSpan.Zero ? part / whole : 0;
}
