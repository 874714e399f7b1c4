using ActorTrain.Actors.Hosting;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;
using Akka.Hosting;

namespace ActorTrain.Chaos;

/// <summary>What a process that trains under <c>actortrain chaos</c> has and no other: what breaks it.</summary>
/// <remarks>It is there only where the environment names orders that the parent of this very process wrote; whatever else sets the variable
/// is refused. When that parent ends, this process does too.</remarks>
public sealed class ChaosProcess : IDisposable
{
    /// <summary>The environment variable that names the orders.</summary>
    public const string Variable = "ACTORTRAIN_CHAOS";

    private const long LeastRoom = 256 << 10;

    private readonly ChaosOrders orders;
    private readonly ScheduledFaults faults;
    private readonly DatabaseProxy? proxy;

    private ChaosProcess(ChaosOrders orders, RunDirectory run, string connection)
    {
        this.orders = orders;
        proxy = connection.Length > 0 ? new DatabaseProxy(connection) : null;
        Connection = proxy?.Connection ?? connection;
        faults = new ScheduledFaults(orders, new ChaosLog(run.Path), ScheduledFaults.DatabaseSwitch(run.JournalFile, proxy),
            () => RoomFor(run));
        new Thread(EndWithParent) { IsBackground = true }.Start();
    }

    /// <summary>The journal's database, by a way that can be cut.</summary>
    public string Connection { get; }

    /// <summary>The orders of this process; null where it has none.</summary>
    /// <param name="connection">Connection string of a PostgreSQL database, or empty.</param>
    /// <exception cref="UserErrorException">The variable is set, but not by the command that may.</exception>
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

    /// <summary>The run with faults around it.</summary>
    /// <param name="microBatch">Samples per batch, at most, as the run reads them.</param>
    public TrainingRun Break(TrainingRun run, int microBatch)
    {
        var poison = orders.Faults.Where(static fault => fault.Positions > 0).ToList();
        var broken = run.WithFaults(faults);
        return poison.Count == 0 ? broken : broken with
        {
            Samples = new PoisonedSamples(
                run.Samples, microBatch, run.Replica.Model.VocabularySize, orders.Seed, position =>
                    ScheduledFaults.PoisonOf(poison, position), faults.Poisoned).Batches,
        };
    }

    /// <summary>Has an actor system meet the faults.</summary>
    public void Break(AkkaConfigurationBuilder akka) => akka.AddHocon(JumpingScheduler.Settings, HoconAddMode.Prepend).WithFaults(faults);

    public void Dispose()
    {
        faults.Dispose();
        proxy?.Dispose();
    }

    // Enough for what is written line by line, not for a checkpoint.
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
