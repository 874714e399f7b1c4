using ActorTrain.Actors.Faults;
using ActorTrain.Actors.Training;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Steps;
using ActorTrain.Persistence.Runs;
using Akka.Configuration;

namespace ActorTrain.Host.Chaos;

/// <summary>What a process that trains under <c>actortrain chaos</c> has and no other: who breaks it.</summary>
/// <remarks>It is there only where the environment names orders that the parent of this very process wrote; whatever else sets the variable is refused. When
/// that parent ends, this process does too.</remarks>
internal sealed class ChaosLife : IDisposable
{
    /// <summary>The environment variable that names the orders.</summary>
    public const string Variable = "ACTORTRAIN_CHAOS";

    private const long LeastRoom = 256 << 10;

    private readonly ChaosOrders orders;
    private readonly LiveFaults faults;
    private readonly DatabaseProxy? proxy;

    private ChaosLife(ChaosOrders orders, RunDirectory run, string connection)
    {
        this.orders = orders;
        proxy = connection.Length > 0 ? new DatabaseProxy(connection) : null;
        Connection = proxy?.Connection ?? connection;
        faults = new LiveFaults(orders, new ChaosLog(run.Path), LiveFaults.DatabaseSwitch(run.JournalFile, proxy), () => RoomFor(run));
        new Thread(EndWithParent) { IsBackground = true }.Start();
    }

    /// <summary>The journal's database, by a way that can be cut.</summary>
    public string Connection { get; }

    /// <summary>What breaks actors.</summary>
    public IFaultInjector Faults => faults;

    /// <summary>What the actor system needs for it.</summary>
    public static Config Settings => JumpingScheduler.Settings;

    /// <summary>The orders of this process; null where it has none.</summary>
    /// <param name="run">The run that it trains.</param>
    /// <param name="connection">Connection string of a PostgreSQL database, or empty.</param>
    /// <exception cref="UserErrorException">The variable is set, but not by the command that may.</exception>
    public static ChaosLife? OfProcess(RunDirectory run, string connection)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } path)
            return null;
        var orders = ChaosOrders.Read(path);
        return orders.Parent == MachineFaults.ParentProcess() && Path.GetFullPath(path) == Path.GetFullPath(Path.Combine(run.Path, ChaosOrders.Name))
            ? new ChaosLife(orders, run, connection)
            : throw new UserErrorException($"{Variable} is set, but this process was not started by `actortrain chaos`, which alone may break a run; unset it.");
    }

    /// <summary>A device that can be broken.</summary>
    /// <param name="device">What it is made of.</param>
    /// <param name="trainer">Name of the trainer that owns it.</param>
    public ITrainerDevice Break(ReplicaDeviceOptions device, string trainer) =>
        new BreakableDevice(probe => new ReplicaDevice(device with { Probe = probe }), trainer, device.Transport, faults);

    /// <summary>Samples of which some are poisoned.</summary>
    public Func<IEnumerable<PlannedSample>, IEnumerable<TokenBatch>> Poison(Func<IEnumerable<PlannedSample>, IEnumerable<TokenBatch>> samples, int microBatch, int vocabulary)
    {
        var poison = orders.Faults.Where(static fault => fault.Positions > 0).ToList();
        return poison.Count == 0 ? samples
            : new PoisonedSamples(samples, microBatch, vocabulary, orders.Seed, position => LiveFaults.PoisonOf(poison, position), faults.Poisoned).Batches;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        faults.Dispose();
        proxy?.Dispose();
    }

    // Enough for what is written line by line, not for a checkpoint.
    private static long RoomFor(RunDirectory run) => Directory.Exists(run.CheckpointsDirectory)
        && new DirectoryInfo(run.CheckpointsDirectory).EnumerateFiles("*.safetensors", SearchOption.AllDirectories).ToList() is { Count: > 0 } files
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
