namespace Akka.TestKit;

/// <summary>Lets a number of threads wait for one another; waiting always ends, by all arriving or by a timeout.</summary>
public class TestBarrier
{
    private readonly TestKitBase testKit;
    private readonly int count;
    private readonly TimeSpan defaultTimeout;
    private readonly Barrier barrier;

    /// <summary>A barrier for <paramref name="count"/> threads.</summary>
    public TestBarrier(TestKitBase testKit, int count, TimeSpan? defaultTimeout = null)
    {
        this.testKit = testKit;
        this.count = count;
        this.defaultTimeout = defaultTimeout ?? testKit.TestKitSettings.DefaultTimeout;
        barrier = new Barrier(count);
    }

    /// <summary>Waits for the others, for as long as was said at construction.</summary>
    /// <exception cref="TimeoutException">Where not all arrive.</exception>
    public void Await() => Await(defaultTimeout);

    /// <summary>Waits for the others.</summary>
    /// <exception cref="TimeoutException">Where not all arrive.</exception>
    public void Await(TimeSpan timeout)
    {
        var stretched = testKit.Dilated(timeout);
        if (!barrier.SignalAndWait(stretched))
            throw new TimeoutException($"Not all {count} threads reached the barrier within {stretched}.");
    }

    /// <summary>Forgets who has arrived.</summary>
    public void Reset()
    {
        barrier.RemoveParticipants(count);
        barrier.AddParticipants(count);
    }
}
