namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Time that passes only when something is due; what is due at the same moment happens in the order in which it was
/// planned.</summary>
internal sealed class VirtualTime
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<Action, Due> due = new();
    private long planned;

    public DateTimeOffset Now { get; private set; } = Start;

    public void After(TimeSpan delay, Action action) => due.Enqueue(action, new Due(Now.UtcTicks + delay.Ticks, planned++));

    /// <summary>Lets the next thing happen.</summary>
    public bool Advance()
    {
        if (!due.TryDequeue(out var action, out var when))
            return false;
        Now = new DateTimeOffset(when.Ticks, TimeSpan.Zero);
        action();
        return true;
    }

    private readonly record struct Due(long Ticks, long Order) : IComparable<Due>
    {
        public int CompareTo(Due other) => Ticks != other.Ticks ? Ticks.CompareTo(other.Ticks) : Order.CompareTo(other.Order);
    }
}
