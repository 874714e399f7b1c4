namespace Akka.Actor.Internal;

/// <summary>A name among an actor's children.</summary>
public interface IChildStats
{
}

/// <summary>A name that is taken for a child that is being made.</summary>
public sealed class ChildNameReserved : IChildStats
{
    private ChildNameReserved()
    {
    }

    /// <summary>The one there is.</summary>
    public static ChildNameReserved Instance { get; } = new();
}

/// <summary>A child and how often it was restarted.</summary>
public class ChildRestartStats : IChildStats
{
    private long windowStart;

    /// <summary>For a child.</summary>
    public ChildRestartStats(IInternalActorRef child, uint maxNrOfRetriesCount = 0, long restartTimeWindowStartTicks = 0)
    {
        Child = child;
        MaxNrOfRetriesCount = maxNrOfRetriesCount;
        windowStart = restartTimeWindowStartTicks;
    }

    /// <summary>The number of the child's incarnation.</summary>
    public long Uid => Child.Path.Uid;

    /// <summary>The child.</summary>
    public IInternalActorRef Child { get; }

    /// <summary>How many restarts were counted.</summary>
    public uint MaxNrOfRetriesCount { get; private set; }

    /// <summary>When the window of the count began, in ticks of a monotonic clock.</summary>
    public long RestartTimeWindowStartTicks => windowStart;

    /// <summary>Counts a restart; false where it is one too many.</summary>
    public bool RequestRestartPermission(int maxNrOfRetries, int withinTimeMilliseconds)
    {
        if (maxNrOfRetries == 0)
            return false;
        var limited = maxNrOfRetries > 0;
        if (withinTimeMilliseconds <= 0)
            return !limited || ++MaxNrOfRetriesCount <= maxNrOfRetries;
        // A window without a number allows one restart in it, as documented.
        var now = Util.MonotonicClock.Elapsed.Ticks + 1;
        if (windowStart == 0)
            windowStart = now;
        if (now - windowStart <= withinTimeMilliseconds * TimeSpan.TicksPerMillisecond)
            return ++MaxNrOfRetriesCount <= (limited ? maxNrOfRetries : 1);
        MaxNrOfRetriesCount = 1;
        windowStart = now;
        return true;
    }
}
