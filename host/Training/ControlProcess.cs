using System.Net.Sockets;
using ActorTrain.Actors.Election;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Security;
using ActorTrain.Actors.Terms;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Control;
using ActorTrain.Host.Hosting;
using ActorTrain.Host.Progress;
using ActorTrain.Models;
using ActorTrain.Persistence.Certificates;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Training;

/// <summary>This process among those that may lead a run: stands by until it is elected, and leaves in order at the end.</summary>
/// <remarks>Being elected only entitles it to take the run's term. Whoever led before is ended by that term and by nothing else; so a
/// process that the others have taken for lost joins them again, and leads on if nobody has superseded it.</remarks>
internal sealed class ControlProcess : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(5);

    private readonly RunDirectory directory;
    private readonly JournalOptions journal;
    private readonly ITrainingProgress progress;
    private readonly ControlHostOptions options;
    private readonly TermHolder? before;
    private readonly ManualResetEventSlim elected = new();
    private readonly ManualResetEventSlim isOver = new();
    private readonly Lock gate = new();
    private readonly Thread keeper;
    private volatile ControlHost host;

    /// <summary>Joins the others, or is the first.</summary>
    /// <exception cref="UserErrorException">The address is not free, or the database is unavailable.</exception>
    public ControlProcess(RunDirectory directory, JournalOptions journal, ITrainingProgress progress, ControlHostOptions options)
    {
        (this.directory, this.journal, this.progress, this.options) = (directory, journal, progress, options);
        before = RunLeader.LastOf(directory, journal);
        host = First();
        keeper = new Thread(Keep) { IsBackground = true, Name = "control" };
        keeper.Start();
    }

    /// <summary>Where the others reach it.</summary>
    public string Address => $"{options.Address}";

    /// <summary>All that are in the cluster, the one that leads first.</summary>
    public IReadOnlyList<ControlStatus> Members
    {
        get
        {
            var current = host;
            return current.Ended.IsCompleted ? [] : current.Members;
        }
    }

    /// <summary>Asks its actor among the control processes.</summary>
    public async Task<ServiceState> Standing(TimeSpan within)
    {
        var members = await host.AskMembers(within).ConfigureAwait(false);
        return members.FirstOrDefault(member => member.Address == Address)?.State switch
        {
            ControlState.Leading => new ServiceState(true, "elected"),
            ControlState.StandingBy => new ServiceState(true, "standing by"),
            _ => new ServiceState(false, "joining the other control processes"),
        };
    }

    /// <param name="at">As given with <c>--at</c>; null if it is not given.</param>
    /// <param name="credentials">Null for plain text.</param>
    /// <returns>Null if nobody but this process may lead.</returns>
    /// <exception cref="UserErrorException">The settings contradict each other.</exception>
    public static ControlHostOptions? OptionsOf(
        RunConfiguration configuration, string? at, RunDirectory directory, NodeCredentials? credentials)
    {
        var all = configuration.Cluster.EndPoints;
        if (all.Count == 0)
        {
            return at is null ? null : throw new UserErrorException(
                $"--at is '{at}', but the run has no control processes; set cluster.control to their addresses, or omit --at.");
        }

        if (configuration.Journal.Connection.Length == 0)
            throw new UserErrorException("cluster.control requires a journal that all control processes reach: set journal.connection to a "
                + "PostgreSQL database, or omit cluster.control.");
        var address = at is null ? null : ClusterOptions.Parse(at);
        if (address is null || !all.Contains(address))
            throw new UserErrorException((at is null ? "--at is missing" : $"--at is '{at}'") + ", but it must be the one of "
                + $"{configuration.Cluster.Control} that belongs to this process.");
        return new ControlHostOptions
        {
            Run = directory.Name,
            Address = address,
            All = all,
            Connection = configuration.Journal.Connection,
            Security = credentials is null ? null : new PeerSecurity(credentials) { Admits = NodeRoles.Control },
            Timeout = configuration.Cluster.Timeout,
        };
    }

    /// <summary>Stands by.</summary>
    /// <returns>Whether this process shall lead; false if it was asked to stop, or the run has ended since it was started.</returns>
    /// <exception cref="UserErrorException">The run has failed under another process.</exception>
    public bool AwaitElection(CancellationToken stop)
    {
        WaitHandle[] awaited = [elected.WaitHandle, stop.WaitHandle];
        while (WaitHandle.WaitAny(awaited, Pause) == WaitHandle.WaitTimeout)
        {
        }

        if (stop.IsCancellationRequested)
            return false;
        var holder = ReadHolder(stop);
        if (stop.IsCancellationRequested)
            return false;
        if (holder?.Ending is not { } ending || (holder.Number == before?.Number && ending == before.Ending))
        {
            progress.Note($"elected to lead {directory.Path}");
            return true;
        }

        if (ending.How == RunEnding.Failed)
            throw new UserErrorException(ending.Report);
        progress.Note($"{directory.Path} has ended under term {holder.Number}: {ending.Report}");
        return false;
    }

    public void Dispose()
    {
        lock (gate)
        {
            isOver.Set();
            host.Leave(LeavePatience);
        }

        keeper.Join(LeavePatience);
    }

    // The leader may be lost while the database is away, too.
    private TermHolder? ReadHolder(CancellationToken stop)
    {
        var wasTold = false;
        while (true)
        {
            try
            {
                return RunLeader.LastOf(directory, journal);
            }
            catch (UserErrorException exception)
            {
                if (!wasTold)
                    progress.Warning($"{exception.Message} Trying again until it answers.");
                wasTold = true;
                if (stop.WaitHandle.WaitOne(Pause))
                    return null;
            }
        }
    }

    private void Keep()
    {
        while (true)
        {
            while (!host.Ended.Wait(Pause, CancellationToken.None))
            {
            }

            host.Dispose();
            if (isOver.IsSet)
                return;
            progress.Warning("the other control processes have taken this one for lost; joining them again");
            ControlHost? next;
            while ((next = Again()) is null)
            {
                if (isOver.Wait(Pause))
                    return;
            }

            lock (gate)
            {
                host = next;
                if (isOver.IsSet)
                    next.Leave(LeavePatience);
            }
        }
    }

    // Null while the address is still in use.
    private ControlHost? Again()
    {
        try
        {
            return Start();
        }
#pragma warning disable CA1031 // Whatever it is, it is tried again.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            progress.Warning($"cannot join the other control processes yet: {exception.GetBaseException().Message.TrimEnd('.')}");
            return null;
        }
    }

    private ControlHost Start() => ControlHost.Start(options, progress.Note, elected.Set, new WarningsLog(progress));

    private ControlHost First()
    {
        try
        {
            return Start();
        }
        catch (SocketException exception)
        {
            throw new UserErrorException($"Cannot listen at {Address}: {exception.Message.TrimEnd('.')}; end the "
                + "process that has this address, or choose another one in cluster.control.", exception);
        }
    }
}
