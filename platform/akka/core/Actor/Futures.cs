using Akka.Dispatch.SysMsg;

namespace Akka.Actor;

/// <summary>Asking: a message with an answer.</summary>
public static class Futures
{
    /// <summary>Sends a message and gives the answer.</summary>
    public static Task<object> Ask(this ICanTell self, object message, TimeSpan? timeout = null) => self.Ask<object>(message, timeout, CancellationToken.None);

    /// <summary>Sends a message and gives the answer.</summary>
    public static Task<object> Ask(this ICanTell self, object message, CancellationToken cancellationToken) => self.Ask<object>(message, null, cancellationToken);

    /// <summary>Sends a message and gives the answer.</summary>
    public static Task<object> Ask(this ICanTell self, object message, TimeSpan? timeout, CancellationToken cancellationToken)
        => self.Ask<object>(message, timeout, cancellationToken);

    /// <summary>Sends a message and gives the answer.</summary>
    public static Task<T> Ask<T>(this ICanTell self, object message, TimeSpan? timeout = null) => self.Ask<T>(message, timeout, CancellationToken.None);

    /// <summary>Sends a message and gives the answer.</summary>
    public static Task<T> Ask<T>(this ICanTell self, object message, CancellationToken cancellationToken) => self.Ask<T>(message, null, cancellationToken);

    /// <summary>Sends a message and gives the answer.</summary>
    /// <exception cref="AskTimeoutException">No answer came in time.</exception>
    /// <exception cref="TaskCanceledException">It was called off.</exception>
    /// <exception cref="ArgumentException">The answer is of another type; or nothing says which system asks.</exception>
    public static Task<T> Ask<T>(this ICanTell self, object message, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var future = new FutureActorRef<T>(ProviderOf(self));
        future.Limit(timeout, cancellationToken);
        self.Tell(message, future);
        // Who asks may wait for the answer on this very thread.
        Dispatch.PoolWorker.Current?.Release();
        return future.Task;
    }

    /// <summary>Sends a message that is made with the reference that takes the answer, and gives the answer.</summary>
    public static Task<T> Ask<T>(this ICanTell self, Func<IActorRef, object> messageFactory, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var future = new FutureActorRef<T>(ProviderOf(self));
        future.Limit(timeout, cancellationToken);
        self.Tell(messageFactory(future), future);
        Dispatch.PoolWorker.Current?.Release();
        return future.Task;
    }

    private static IActorRefProvider ProviderOf(ICanTell self) => self switch
    {
        ActorSelection selection => ProviderOf(selection.Anchor),
        IInternalActorRef actor => actor.Provider,
        _ => ActorCell.Current?.SystemImpl.Provider ?? throw new ArgumentException("Unable to resolve the target Provider", nameof(self)),
    };
}

/// <summary>Takes the answer of an Ask; it gets a path only if somebody wants to see it.</summary>
internal sealed class FutureActorRef<T>(IActorRefProvider provider) : MinimalActorRef
{
    private readonly TaskCompletionSource<T> result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ActorPath path;
    private CancellationTokenRegistration called;
    private Timer timer;
    private TimeSpan limit;
    private HashSet<IInternalActorRef> watchedBy;

    public Task<T> Task => result.Task;

    public override ActorPath Path
    {
        get
        {
            if (path is not null)
                return path;
            lock (result)
            {
                if (path is null)
                {
                    var made = provider.TempPath();
                    provider.RegisterTempActor(this, made);
                    Volatile.Write(ref path, made);
                    // Who set the answer meanwhile saw no path to take back.
                    if (result.Task.IsCompleted)
                        provider.UnregisterTempActor(made);
                }
            }
            return path;
        }
    }

    public override IActorRefProvider Provider => provider;

    public override IInternalActorRef Parent => provider.TempContainer;

    public override bool IsTerminated => result.Task.IsCompleted;

    public void Limit(TimeSpan? timeout, CancellationToken cancellationToken)
    {
        limit = timeout ?? provider.Settings.AskTimeout;
        if (limit != Timeout.InfiniteTimeSpan && limit > TimeSpan.Zero)
            timer = new Timer(static at => ((FutureActorRef<T>)at).TimeOut(), this, limit, Timeout.InfiniteTimeSpan);
        if (cancellationToken.CanBeCanceled)
            called = cancellationToken.Register(static (at, token) => ((FutureActorRef<T>)at).CallOff(token), this);
    }

    public override void SendSystemMessage(ISystemMessage message)
    {
        if (message is Watch watch)
        {
            bool gone;
            lock (result)
            {
                gone = result.Task.IsCompleted;
                if (!gone)
                    (watchedBy ??= []).Add(watch.Watcher);
            }
            if (gone)
                watch.Watcher.SendSystemMessage(new DeathWatchNotification(this, existenceConfirmed: true, addressTerminated: false));
        }
        else if (message is Unwatch unwatch)
        {
            lock (result)
                watchedBy?.Remove(unwatch.Watcher);
        }
    }

    protected override void TellInternal(object message, IActorRef sender)
    {
        var taken = message switch
        {
            T answer => result.TrySetResult(answer),
            null => result.TrySetResult(default),
            Status.Failure failure => result.TrySetException(failure.Cause ?? new TaskCanceledException("Task cancelled by actor via Failure message.")),
            _ => result.TrySetException(new ArgumentException($"Received message of type [{message.GetType()}] - Ask expected message of type [{typeof(T)}]")),
        };
        if (taken)
            Ended();
        else if (!result.Task.IsCanceled)
            provider.DeadLetters.Tell(message, this);
    }

    private void TimeOut()
    {
        if (result.TrySetException(new AskTimeoutException($"Timeout after {limit} seconds")))
            Ended();
    }

    private void CallOff(CancellationToken token)
    {
        if (result.TrySetCanceled(token))
            Ended();
    }

    private void Ended()
    {
        timer?.Dispose();
        called.Unregister();
        if (path is null && watchedBy is null)
            return;
        HashSet<IInternalActorRef> watchers;
        lock (result)
        {
            if (path is not null)
                provider.UnregisterTempActor(path);
            watchers = watchedBy;
            watchedBy = null;
        }
        foreach (var watcher in watchers ?? [])
            watcher.SendSystemMessage(new DeathWatchNotification(this, existenceConfirmed: true, addressTerminated: false));
    }
}

/// <summary>Sending the result of a task to an actor.</summary>
public static class PipeToSupport
{
    /// <summary>Sends the result, or a <see cref="Status.Failure"/> with what was thrown.</summary>
    public static Task PipeTo<T>(this Task<T> taskToPipe, ICanTell recipient, IActorRef sender = null, Func<T, object> success = null, Func<Exception, object> failure = null)
        => PipeTo(taskToPipe, recipient, false, sender, success, failure);

    /// <summary>Sends the result, or a <see cref="Status.Failure"/> with what was thrown.</summary>
    public static async Task PipeTo<T>(this Task<T> taskToPipe, ICanTell recipient, bool useConfigureAwait, IActorRef sender = null, Func<T, object> success = null,
        Func<Exception, object> failure = null)
    {
        try
        {
            var result = await taskToPipe.ConfigureAwait(useConfigureAwait);
            recipient.Tell(success is null ? result : success(result), sender ?? ActorRefs.NoSender);
        }
        catch (Exception e)
        {
            Fail(e, recipient, sender, failure);
        }
    }

    /// <summary>Sends what `success` gives at the end, if it is there, or a <see cref="Status.Failure"/> with what was thrown.</summary>
    public static Task PipeTo(this Task taskToPipe, ICanTell recipient, IActorRef sender = null, Func<object> success = null, Func<Exception, object> failure = null)
        => PipeTo(taskToPipe, recipient, false, sender, success, failure);

    /// <summary>Sends what `success` gives at the end, if it is there, or a <see cref="Status.Failure"/> with what was thrown.</summary>
    public static async Task PipeTo(this Task taskToPipe, ICanTell recipient, bool useConfigureAwait, IActorRef sender = null, Func<object> success = null,
        Func<Exception, object> failure = null)
    {
        try
        {
            await taskToPipe.ConfigureAwait(useConfigureAwait);
            if (success is not null)
                recipient.Tell(success(), sender ?? ActorRefs.NoSender);
        }
        catch (Exception e)
        {
            Fail(e, recipient, sender, failure);
        }
    }

    private static void Fail(Exception e, ICanTell recipient, IActorRef sender, Func<Exception, object> failure)
        => recipient.Tell(failure is null ? new Status.Failure(e) : failure(e), sender ?? ActorRefs.NoSender);
}

/// <summary>Stopping an actor and waiting for its end.</summary>
public static class GracefulStopSupport
{
    /// <summary>Sends a <see cref="PoisonPill"/>; true when the actor has ended.</summary>
    /// <exception cref="TaskCanceledException">It did not end in time.</exception>
    public static Task<bool> GracefulStop(this IActorRef target, TimeSpan timeout) => GracefulStop(target, timeout, PoisonPill.Instance);

    /// <summary>Sends a message that makes the actor end; true when it has ended.</summary>
    /// <exception cref="TaskCanceledException">It did not end in time.</exception>
    public static async Task<bool> GracefulStop(this IActorRef target, TimeSpan timeout, object stopMessage)
    {
        var watched = (IInternalActorRef)target;
        var end = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var watcher = new FunctionRef(watched.Provider.TempPath(), watched.Provider, (_, message) =>
        {
            if (message is Terminated)
                end.TrySetResult(true);
        });
        watcher.Watch(target);
        target.Tell(stopMessage, ActorRefs.NoSender);
        try
        {
            return await end.Task.WaitAsync(timeout).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            watcher.Stop();
            throw new TaskCanceledException($"[{target}] did not end within {timeout}.");
        }
    }
}
