using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Terms;
using ActorTrain.Models.Numerics;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Rollouts;
using ActorTrain.Persistence.Terms;

namespace ActorTrain.Chaos.Tests.World;

/// <summary>Where a run keeps what survives: its folder, and its database.</summary>
internal sealed class ChaosPlace(string folder, string? postgres = null)
{
    public const string RunName = "chaos";
    public const string ConfigurationHash = "chaos";
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(3);

    public string Folder => folder;

    /// <summary>How long the database may take for an answer; long, where none is made to keep silent.</summary>
    public TimeSpan DatabaseTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public string? Postgres => postgres;

    public string MetricsFile => Path.Combine(folder, "metrics.jsonl");

    public string LedgerFile => Path.Combine(folder, "samples.jsonl");

    public RolloutLedger Rollouts => new(Path.Combine(folder, "rollouts"));

    /// <summary>Of the weights that a run begins with, if they are not random.</summary>
    public string BaseFolder => Path.Combine(folder, "base");

    public static NumericFingerprint Fingerprint { get; } = new("", "", "", "", "", "cpu");

    public CheckpointArchive OpenArchive() => new(Path.Combine(folder, "checkpoints"));

    public CheckpointStore OpenCheckpoints(RunTerm? term = null) =>
        new(Path.Combine(folder, "checkpoints"), new CheckpointStoreOptions { KeepLast = 2 }, TimeProvider.System)
        {
            Term = term ?? RunTerm.None,
        };

    public JournalDatabase Journal => JournalDatabase.Of(Path.Combine(folder, "run.db"), postgres ?? "") with { Timeout = DatabaseTimeout };

    /// <summary>The leadership of the run, to be taken.</summary>
    public TermLease Lease() => new(Journal.Terms(), RunName, LeaseTime);

    /// <summary>What the journal says to whoever comes later.</summary>
    public IReadOnlyList<RunEvent> ReadJournal() =>
        postgres is null ? JournalReader.ReadSqlite(Path.Combine(folder, "run.db"), RunName)
            : JournalReader.ReadPostgres(postgres, RunName);
}
