using ActorTrain.Actors.Hosting;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;
using Akka.Hosting;

namespace ActorTrain.Chaos;

/// <summary>The fault injection of a process under <c>actortrain chaos</c>.</summary>
/// <remarks>Exists only if the environment names orders written by this process's parent; otherwise the variable is an error. When that
/// parent ends, this process ends too.</remarks>
public sealed class ChaosProcess : IDisposable
{
    /// <summary>Names the orders.</summary>
    public const string Variable = "ACTORTRAIN_CHAOS";

    private const long LeastRoom = 256 << 10;

    private readonly ChaosOrders orders;
    private readonly ScheduledFaults faults;
    private readonly ChaosMachine machine;
    private readonly DatabaseProxy? proxy;
    private LinkProxy? dataPlane;

    private ChaosProcess(ChaosOrders orders, RunDirectory run, string connection)
    {
        this.orders = orders;
        proxy = connection.Length > 0 ? new DatabaseProxy(connection) : null;
        Connection = proxy?.Connection ?? connection;
        machine = new ChaosMachine
        {
            SetDatabaseAway = ScheduledFaults.DatabaseSwitch(run.JournalFile, proxy),
            RoomOnDisk = () => RoomFor(run),
            SetNodesAway = away => dataPlane?.SetAway(away),
        };
        faults = new ScheduledFaults(orders, new ChaosLog(run.Path), machine);
        new Thread(EndWithParent) { IsBackground = true }.Start();
    }

    /// <summary>The journal's database, through a proxy that can be cut.</summary>
    public string Connection { get; }

    /// <summary>Null without orders.</summary>
    /// <param name="connection">Connection string of a PostgreSQL database, or empty.</param>
    /// <exception cref="UserErrorException">The variable was set by another process than the chaos command.</exception>
    public static ChaosProcess? OfProcess(RunDirectory run, string connection)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } path)
            return null;
        var orders = ChaosOrders.Read(path);
        return orders.Parent == MachineFaults.ParentProcess()
            && Path.GetFullPath(path) == Path.GetFullPath(Path.Combine(run.Path, ChaosOrders.Name))
            ? new ChaosProcess(orders, run, connection)
            : throw new UserErrorException($"{Variable} is set, but this process was not started by `actortrain chaos`; unset it.");
    }

    /// <summary>How to find the processes of nodes.</summary>
    public void Watch(Func<string, int?> processOf) => machine.ProcessOf = processOf;

    /// <summary>Wraps a run with faults.</summary>
    /// <param name="microBatch">Samples per batch, at most, as the run reads them.</param>
    public TrainingRun Break(TrainingRun run, int microBatch)
    {
        var poison = orders.Faults.Where(static fault => fault.Positions > 0).ToList();
        var broken = run.WithFaults(faults) with
        {
            Nodes = run.Nodes is not { } nodes ? null : nodes with
            {
                DataPlaneAt = at =>
                {
                    dataPlane = new LinkProxy($"{at.Address}", at.Port);
                    return dataPlane.Address;
                },
            },
        };
        return poison.Count == 0 ? broken : broken with
        {
            Samples = new PoisonedSamples(
                run.Samples, microBatch, run.Replica.Model.VocabularySize, orders.Seed, position =>
                    ScheduledFaults.PoisonOf(poison, position), faults.Poisoned).Batches,
        };
    }

    public void Break(AkkaConfigurationBuilder akka) => akka.AddHocon(JumpingScheduler.Settings, HoconAddMode.Prepend).WithFaults(faults);

    public void Dispose()
    {
        faults.Dispose();
        proxy?.Dispose();
        dataPlane?.Dispose();
    }

    // Enough for files that are written by lines, not for a checkpoint.
    private static long RoomFor(RunDirectory run) => Directory.Exists(run.CheckpointsDirectory)
        && new DirectoryInfo(run.CheckpointsDirectory).EnumerateFiles("*.safetensors", SearchOption.AllDirectories)
            .ToList() is { Count: > 0 } files
            ? Math.Max(LeastRoom, files.Max(static file => file.Length) / 2)
            : LeastRoom;

    // The parent holds the other end of the standard input, and never writes to it.
    private static void EndWithParent()
    {
        using var input = Console.OpenStandardInput();
        Span<byte> nothing = stackalloc byte[16];
        while (input.Read(nothing) > 0)
        {
        }

        MachineFaults.Kill();
    }
}
