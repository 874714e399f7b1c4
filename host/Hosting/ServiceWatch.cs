using ActorTrain.Models;

namespace ActorTrain.Host.Hosting;

/// <summary>What a part of a process says of itself.</summary>
/// <param name="IsReady">Whether it does what it was started for.</param>
/// <param name="Words">What it does, for display.</param>
internal sealed record ServiceState(bool IsReady, string Words);

/// <summary>Asks the actors of this process, again and again, how they are; tells the service manager, and keeps a file while they are
/// ready.</summary>
/// <remarks>While a part does not answer, there is no sign of life, and the service manager starts the process again. Work between two
/// parts, such as the reading of data, is taken for life.</remarks>
internal sealed class ServiceWatch : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ServiceManager? manager;
    private readonly string? readyFile;
    private readonly TimeSpan pause;
    private readonly TimeSpan patience;
    private readonly Lock gate = new();
    private readonly List<Part> parts = [];
    private readonly CancellationTokenSource over = new();
    private readonly Thread? thread;
    private bool hasBegun;
    private ServiceState last = new(false, "");

    /// <param name="manager">Null if nobody wants to be told; owned.</param>
    /// <param name="readyFile">Exists while the process is ready; null for none.</param>
    /// <exception cref="UserErrorException">The file cannot be written.</exception>
    public ServiceWatch(ServiceManager? manager, string? readyFile)
    {
        (this.manager, this.readyFile) = (manager, readyFile);
        pause = manager?.Watchdog / 4 is { } quarter && quarter < Pause ? quarter : Pause;
        patience = manager?.Watchdog / 2 is { } half && half < Patience ? half : Patience;
        if (readyFile is not null)
            Try(readyFile);
        if (manager is null && readyFile is null)
            return;
        thread = new Thread(Watch) { IsBackground = true, Name = "service" };
        thread.Start();
    }

    /// <summary>As the environment of this process asks.</summary>
    /// <exception cref="UserErrorException">The file cannot be written.</exception>
    public static ServiceWatch OfProcess(string? readyFile) =>
        new(ServiceManager.Find(Environment.GetEnvironmentVariable), readyFile);

    /// <summary>Asks a part as well, from now on until the result is disposed of.</summary>
    /// <param name="ask">Fails if there is no answer within that time.</param>
    public IDisposable Ask(Func<TimeSpan, Task<ServiceState>> ask)
    {
        var part = new Part(this, ask);
        lock (gate)
            parts.Add(part);
        return part;
    }

    public void Dispose()
    {
        over.Cancel();
        thread?.Join(patience);
        manager?.Tell("STOPPING=1");
        SetReady(new ServiceState(false, ""));
        manager?.Dispose();
        over.Dispose();
    }

    private void Watch()
    {
        while (!over.Token.WaitHandle.WaitOne(pause))
        {
            Part[] asked;
            lock (gate)
                asked = [.. parts];
            if (Answers(asked) is not { } states)
            {
                SetReady(last with { IsReady = false });
                continue;
            }

            if (states.Length > 0)
                Tell(states);
            if (hasBegun)
                manager?.Tell("WATCHDOG=1");
        }
    }

    // Null unless all answer, or have been taken away meanwhile.
    private ServiceState[]? Answers(Part[] asked)
    {
        var answers = Array.ConvertAll(asked, part => part.Ask(patience));
        try
        {
            return Task.WhenAll(answers).WaitAsync(patience, over.Token).GetAwaiter().GetResult();
        }
#pragma warning disable CA1031 // Whatever it is, it is no answer.
        catch (Exception)
#pragma warning restore CA1031
        {
            lock (gate)
                return asked.All(parts.Contains) ? null : [];
        }
    }

    private void Tell(ServiceState[] states)
    {
        var state = new ServiceState(states.All(static state => state.IsReady), states[^1].Words);
        if (!hasBegun)
            manager?.Tell("READY=1", $"STATUS={state.Words}");
        else if (state.Words != last.Words)
            manager?.Tell($"STATUS={state.Words}");
        hasBegun = true;
        SetReady(state);
    }

    private void SetReady(ServiceState state)
    {
        if (readyFile is not null && state.IsReady != last.IsReady)
        {
            try
            {
                if (state.IsReady)
                    File.WriteAllText(readyFile, $"{Environment.ProcessId}\n");
                else
                    File.Delete(readyFile);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Tried again in a moment.
                return;
            }
        }

        last = state;
    }

    private static void Try(string file)
    {
        try
        {
            File.WriteAllText(file, "");
            File.Delete(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException(
                $"--ready-file is {file}, which cannot be written: {exception.Message.TrimEnd('.')}; choose another place.", exception);
        }
    }

    private sealed class Part(ServiceWatch watch, Func<TimeSpan, Task<ServiceState>> ask) : IDisposable
    {
        // On another thread: what is asked may end at this moment, and throw.
        public Task<ServiceState> Ask(TimeSpan within) => Task.Run(() => ask(within));

        public void Dispose()
        {
            lock (watch.gate)
                watch.parts.Remove(this);
        }
    }
}
