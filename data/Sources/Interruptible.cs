namespace ActorTrain.Data.Sources;

/// <summary>Calls of the operating system that a disk, a network or a pipe may never answer.</summary>
internal static class Interruptible
{
    /// <summary>The result of a call, made on another thread: on cancellation it is abandoned, and ends with the process at the
    /// latest.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static T Run<T>(Func<T> call, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!cancellation.CanBeCanceled)
            return call();
        var running = Task.Run(call, CancellationToken.None);
        Task.WaitAny([running], cancellation);
        return running.GetAwaiter().GetResult();
    }
}
