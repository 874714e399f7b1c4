using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Goodput;

namespace ActorTrain.Actors.Goodput;

/// <summary>Adds up where time goes: each moment belongs to one activity, and rows follow one another without a gap, so that their shares
/// make the time that has passed exactly.</summary>
/// <remarks>Turns count in the order in which they come: one from before the last row, or after the machine's clock was set back, counts
/// from where the time stands. A step is redone where the run has had as many updates before, in whichever process.</remarks>
public sealed class GoodputClock
{
    /// <summary>Cause of a recovery after a process that died.</summary>
    public const string ProcessRestart = "process restart";

    /// <summary>Cause of a time without a process after one that died.</summary>
    public const string Killed = "killed";

    /// <summary>The same, where the kernel probably killed it for want of memory.</summary>
    public const string KilledForMemory = "killed, out of memory";

    /// <summary>Cause of a time without a process after one that ended in order.</summary>
    public const string Stopped = "stopped";

    /// <summary>Cause of an unrequested end, and of the time without a process after it.</summary>
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

    /// <summary>Continues after the last row, or starts anew.</summary>
    /// <param name="before">The last row of the run; null: there is none.</param>
    /// <param name="process">When this process began.</param>
    /// <param name="reached">Updates that the run is known to have had.</param>
    /// <param name="death">Cause of the time without a process, where the one before died.</param>
    public GoodputClock(GoodputRow? before, DateTimeOffset process, long reached, string death = Killed)
    {
        this.process = process;
        this.reached = Math.Max(reached, before?.Reached ?? 0);

        // What a process did in its last seconds stands in no row.
        newSteps = this.reached - (before?.Reached ?? 0);
        step = long.MaxValue;
        from = last = before?.To ?? process;
        beginning = (GoodputActivity.Starting, null);
        if (before is { Shares: [.., var doneLast] } && before.Process == process)
        {
            // The reporter of the activity failed, not the run.
            beginning = doing = (doneLast.Activity, doneLast.Cause);
            isBegun = true;
            return;
        }

        if (before is not null)
        {
            // What it did last stands last.
            var cause = before.Shares is [.., { Activity: GoodputActivity.Ending } ending] ? ending.Cause ?? Stopped : death;
            Begin((GoodputActivity.Down, cause));
            Pass(process);
            Cut();
            if (cause != Stopped)
                beginning = (GoodputActivity.Recovering, ProcessRestart);
        }

        Begin(beginning);
    }

    /// <summary>The run does something else.</summary>
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
            GoodputActivity.NewSteps when step < reached => (GoodputActivity.RedoneSteps, turn.Cause),
            _ => (turn.Activity, turn.Cause),
        };
        if (next == doing)
            return;

        // A beginning takes long, so it has a row of its own.
        if (!isBegun)
            Cut();
        isBegun = true;
        Begin(next);
    }

    /// <summary>Ends the row that is being filled.</summary>
    /// <returns>All rows since the last time, in order; none where no time has passed.</returns>
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

        // What it does now comes last, so that the next process can tell an end from a death.
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

    // The time up to a moment, of which some went into waiting where steps are taken.
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
