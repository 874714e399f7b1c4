using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Akka.TestKit.Internal;

/// <summary>Messages on their way from a test actor to the test, in order of arrival, with a wait that ends on arrival.</summary>
internal sealed class TestQueue
{
    private readonly Lock gate = new();
    private readonly Queue<MessageEnvelope> envelopes = new();
    private TaskCompletionSource? arrival;

    internal int Count
    {
        get
        {
            lock (gate)
            {
                return envelopes.Count;
            }
        }
    }

    internal void Enqueue(MessageEnvelope envelope)
    {
        TaskCompletionSource? waiting;
        lock (gate)
        {
            envelopes.Enqueue(envelope);
            waiting = arrival;
            arrival = null;
        }

        waiting?.SetResult();
    }

    internal bool TryTake([NotNullWhen(true)] out MessageEnvelope? envelope)
    {
        lock (gate)
        {
            return envelopes.TryDequeue(out envelope);
        }
    }

    internal bool TryPeek([NotNullWhen(true)] out MessageEnvelope? envelope)
    {
        lock (gate)
        {
            return envelopes.TryPeek(out envelope);
        }
    }

    /// <summary>Completes with true once there is a message, with false when <paramref name="timeout"/> is over.</summary>
    internal async ValueTask<bool> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            Task arrived;
            lock (gate)
            {
                if (envelopes.Count > 0)
                    return true;

                arrival ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                arrived = arrival.Task;
            }

            var left = timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - Stopwatch.GetElapsedTime(start);
            if (left != Timeout.InfiniteTimeSpan && left <= TimeSpan.Zero)
                return false;

            try
            {
                await arrived.WaitAsync(left, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                return Count > 0;
            }
        }
    }
}
