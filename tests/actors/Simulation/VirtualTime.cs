namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Time that passes only when something is due; what is due at the same moment happens in the order in which it was planned.</summary>
internal sealed class VirtualTime
{
    private readonly PriorityQueue<Action, (DateTimeOffset At, long Order)> due = new();
    private long planned;

    public DateTimeOffset Now { get; private set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public void After(TimeSpan delay, Action action) => due.Enqueue(action, (Now + delay, planned++));

    /// <summary>Lets the next thing happen.</summary>
    public bool Advance()
    {
        if (!due.TryDequeue(out var action, out var when))
            return false;
        Now = when.At;
        action();
        return true;
    }
}
