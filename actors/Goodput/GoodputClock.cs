using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Goodput;

namespace ActorTrain.Actors.Goodput;

/// <summary>Attributes every moment to one activity. Rows follow one another without gaps, so that their shares add up to exactly the
/// elapsed time.</summary>
/// <remarks>Turns count in order of arrival: one dated before the last row, or after the clock was set back, counts from the account's
/// present time. A step is redone if any process of the run has committed it before.</remarks>
public sealed class GoodputClock
{
    public const string ProcessRestart = "process restart";

    public const string Killed = "killed";

    /// <summary>Cause of downtime if the kernel probably killed the process for lack of memory.</summary>
    public const string KilledForMemory = "killed, out of memory";

    public const string Stopped = "stopped";

    /// <summary>Cause of an unrequested end, and of the downtime after it.</summary>
    public const string Failed = "failed";

    private readonly SortedDictionary<(GoodputActivity Activity, string Cause), (long Ticks, int Begun)> shares = [];
    private readonly List<GoodputRow> closed = [];
    private readonly DateTimeOffset process;
    private readonly (GoodputActivity Activity, string? Cause) beginning;
    private (GoodputActivity Activity, string? Cause) doing;
    private DateTimeOffset from;
    private DateTimeOffset last;
    private bool isBegun;
    private long step;
    private long reached;
    private long newSteps;
    private long redoneSteps;

    /// <param name="before">The last row of the run; null if there is none.</param>
    /// <param name="process">When this process began.</param>
    /// <param name="reached">Updates that the run is known to have reached.</param>
    /// <param name="death">Cause of the downtime if the previous process died.</param>
    public GoodputClock(GoodputRow? before, DateTimeOffset process, long reached, string death = Killed)
    {
        this.process = process;
        this.reached = Math.Max(reached, before?.Reached ?? 0);

        // The last seconds of a process that died are in no row.
        newSteps = this.reached - (before?.Reached ?? 0);
        step = long.MaxValue;
        from = last = before?.To ?? process;
        beginning = (GoodputActivity.Starting, null);
        if (before is { Shares: [.., var doneLast] } && before.Process == process)
        {
            // The actor that reports activities failed, not the run.
            beginning = doing = (doneLast.Activity, doneLast.Cause);
            isBegun = true;
            return;
        }

        if (before is not null)
        {
            // The last share of a row is the last activity.
            var cause = before.Shares is [.., { Activity: GoodputActivity.Ending } ending] ? ending.Cause ?? Stopped : death;
            Begin((GoodputActivity.Down, cause));
            Pass(process);
            Cut();
            if (cause != Stopped)
                beginning = (GoodputActivity.Recovering, ProcessRestart);
        }

        Begin(beginning);
    }

    /// <summary>Begins another activity.</summary>
    public void Turn(GoodputTurn turn)
    {
        ArgumentNullException.ThrowIfNull(turn);
        Pass(turn.At, turn.Waited);
        if (turn.Step > step)
        {
            var redone = Math.Min(turn.Step, reached) - Math.Min(step, reached);
            redoneSteps += redone;
            newSteps += turn.Step - step - redone;
        }

        step = turn.Step;
        reached = Math.Max(reached, step);
        var next = turn.Activity switch
        {
            GoodputActivity.Starting => beginning,
            GoodputActivity.NewSteps or GoodputActivity.Generating when step < reached => (GoodputActivity.RedoneSteps, null),
            _ => (turn.Activity, turn.Cause),
        };
        if (next == doing)
            return;

        // Startup takes long, so it has a row of its own.
        if (!isBegun)
            Cut();
        isBegun = true;
        Begin(next);
    }

    /// <summary>Ends the current row.</summary>
    /// <returns>All rows since the last call, in order; empty if no time has passed.</returns>
    public IReadOnlyList<GoodputRow> Close(DateTimeOffset at)
    {
        Pass(at);
        Cut();
        GoodputRow[] rows = [.. closed];
        closed.Clear();
        return rows;
    }

    private void Cut()
    {
        if (last == from)
            return;

        // The present activity is last, so that the next process can distinguish an end from a death.
        closed.Add(new GoodputRow(
            from, last, process, reached, newSteps, redoneSteps,
            [.. shares.OrderBy(share => share.Key == KeyOf(doing)).Select(static share => new GoodputShare(share.Key.Activity,
                share.Key.Cause.Length == 0 ? null : share.Key.Cause, new TimeSpan(share.Value.Ticks), share.Value.Begun))]));
        shares.Clear();
        (from, newSteps, redoneSteps) = (last, 0, 0);
    }

    private void Begin((GoodputActivity Activity, string? Cause) next)
    {
        doing = next;
        var key = KeyOf(next);
        var (ticks, begun) = shares.GetValueOrDefault(key);
        shares[key] = (ticks, begun + 1);
    }

    // Accounts for the time up to <c>at</c>, part of which may have been waiting during steps.
    private void Pass(DateTimeOffset at, TimeSpan waited = default)
    {
        if (at <= last)
            return;
        var ticks = (at - last).Ticks;
        if (doing.Activity is GoodputActivity.NewSteps or GoodputActivity.RedoneSteps && waited > TimeSpan.Zero)
        {
            var wait = Math.Min(ticks, waited.Ticks);
            Add(KeyOf((GoodputActivity.WaitingForData, null)), wait);
            ticks -= wait;
        }

        Add(KeyOf(doing), ticks);
        last = at;
    }

    private void Add((GoodputActivity Activity, string Cause) key, long ticks)
    {
        var (before, begun) = shares.GetValueOrDefault(key);
        shares[key] = (before + ticks, begun);
    }

    private static (GoodputActivity Activity, string Cause) KeyOf((GoodputActivity Activity, string? Cause) what) =>
        (what.Activity, what.Cause ?? "");
}
