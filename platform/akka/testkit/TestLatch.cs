namespace Akka.TestKit;

/// <summary>A gate that opens after a number of count-downs; waiting on it always ends, by opening or by a timeout.</summary>
public class TestLatch
{
    private readonly CountdownEvent latch;
    private readonly TimeSpan defaultTimeout;
    private readonly Func<TimeSpan, TimeSpan> dilate;

    /// <summary>A latch that one count-down opens, with a timeout of five seconds.</summary>
    public TestLatch()
        : this(1)
    {
    }

    /// <summary>A latch that <paramref name="count"/> count-downs open, with a timeout of five seconds.</summary>
    public TestLatch(int count)
        : this(count, TimeSpan.FromSeconds(5))
    {
    }

    /// <summary>A latch that <paramref name="count"/> count-downs open.</summary>
    public TestLatch(int count, TimeSpan defaultTimeout)
        : this(static timeout => timeout, defaultTimeout, count)
    {
    }

    /// <summary>A latch whose timeouts are stretched by <paramref name="dilate"/>.</summary>
    protected internal TestLatch(Func<TimeSpan, TimeSpan> dilate, TimeSpan defaultTimeout, int count)
    {
        latch = new CountdownEvent(count);
        this.defaultTimeout = defaultTimeout;
        this.dilate = dilate;
    }

    /// <summary>Whether the latch is open.</summary>
    public bool IsOpen => latch.IsSet;

    /// <summary>Counts down by one.</summary>
    public void CountDown() => latch.Signal();

    /// <summary>Opens the latch, whatever its count.</summary>
    public void Open()
    {
        while (!IsOpen)
            CountDown();
    }

    /// <summary>Closes the latch and gives it its first count again.</summary>
    public void Reset() => latch.Reset();

    /// <summary>Waits for the latch to open.</summary>
    /// <exception cref="TimeoutException">Where it stays closed.</exception>
    public void Ready(TimeSpan timeout)
    {
        if (timeout == TimeSpan.MaxValue)
            throw new ArgumentException($"TestLatch does not support waiting for {timeout}", nameof(timeout));

        var stretched = dilate(timeout);
        if (!latch.Wait(stretched))
            throw new TimeoutException($"The latch did not open within {stretched}.");
    }

    /// <summary>Waits for the latch to open, for as long as was said at construction.</summary>
    /// <exception cref="TimeoutException">Where it stays closed.</exception>
    public void Ready() => Ready(defaultTimeout);
}
