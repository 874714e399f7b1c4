using System.Text;
using ActorTrain.Models;
using ActorTrain.Models.Files;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Goodput;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Machine;
using ActorTrain.Persistence.Metrics;

namespace ActorTrain.Persistence.Runs;

public enum RunState
{
    /// <summary>No process has begun it.</summary>
    New,

    /// <summary>A process is training it.</summary>
    Running,

    /// <summary>It was stopped in order and can be resumed.</summary>
    Stopped,

    /// <summary>Its process died; it can be resumed.</summary>
    Killed,

    /// <summary>It took its last step.</summary>
    Finished,

    /// <summary>It holds weights that were trained elsewhere.</summary>
    Imported,
}

/// <summary>One line of the list of runs.</summary>
/// <param name="LastStep">The last step in its metrics, or null before the first.</param>
/// <param name="NewestCheckpoint">The step of its newest checkpoint whose manifest is whole, or null.</param>
/// <param name="Problem">What could not be read, or why it was killed, in one sentence, or null.</param>
public sealed record RunSummary(string Name, RunState State, long? LastStep, double? LastLoss, long? NewestCheckpoint, string? Problem);

/// <summary>Where the parts of a run stand on disk: <c>ROOT/NAME/</c> with its configuration, metrics, checkpoints and lock.</summary>
public sealed class RunDirectory
{
    /// <summary>Name of the folder of a run's tokenizer.</summary>
    public const string TokenizerFolderName = "tokenizer";

    /// <summary>Name of the socket by which the process that trains a run is spoken to.</summary>
    public const string ControlSocketName = "control.sock";

    /// <summary>Names the places; makes nothing.</summary>
    /// <param name="root">The directory of all runs, such as <c>runs</c>.</param>
    /// <param name="name">The run's name: one plain directory name.</param>
    /// <exception cref="UserErrorException">The name is no directory name.</exception>
    public RunDirectory(string root, string name)
    {
        if (string.IsNullOrWhiteSpace(name) || name.StartsWith('.') || name.AsSpan().IndexOfAny('/', '\\', '\0') >= 0)
            throw new UserErrorException(
                $"\"{name}\" is not a valid run name; use letters, digits, dots, dashes and underscores, not starting with a dot.");
        Name = name;
        Path = System.IO.Path.Combine(root, name);
    }

    public string Name { get; }

    public string Path { get; }

    /// <summary>The configuration that it was started with.</summary>
    public string ConfigurationFile => System.IO.Path.Combine(Path, "run.yaml");

    /// <summary>The folder of the tokenizer that its model was trained with.</summary>
    public string TokenizerDirectory => System.IO.Path.Combine(Path, TokenizerFolderName);

    /// <summary>Its metrics; see <see cref="MetricsLog"/>.</summary>
    public string MetricsFile => System.IO.Path.Combine(Path, "metrics.jsonl");

    /// <summary>What it really trained on; see <see cref="SampleLedger"/>.</summary>
    public string LedgerFile => System.IO.Path.Combine(Path, "samples.jsonl");

    /// <summary>Where its time went; see <see cref="GoodputLog"/>.</summary>
    public string GoodputFile => System.IO.Path.Combine(Path, "goodput.jsonl");

    /// <summary>Its decisions, where they are kept in SQLite.</summary>
    public string JournalFile => System.IO.Path.Combine(Path, "run.db");

    public string LogsDirectory => System.IO.Path.Combine(Path, "logs");

    /// <summary>A link to the newest of them.</summary>
    public string LogFile => System.IO.Path.Combine(Path, "run.log");

    /// <summary>The socket by which the process that trains it is spoken to.</summary>
    public string ControlSocket => System.IO.Path.Combine(Path, ControlSocketName);

    /// <summary>Its checkpoints; see <see cref="CheckpointStore"/>.</summary>
    public string CheckpointsDirectory => System.IO.Path.Combine(Path, "checkpoints");

    /// <summary>Held while a process trains the run.</summary>
    public string LockFile => System.IO.Path.Combine(Path, "run.lock");

    /// <summary>Whether a run is there: one that was begun, or one that was imported and has only a checkpoint.</summary>
    public bool Exists => File.Exists(ConfigurationFile) || Directory.Exists(CheckpointsDirectory);

    /// <summary>How the run stands just now.</summary>
    public RunState State => Standing.State;

    /// <summary>Whether its last process was probably killed by the system for want of memory.</summary>
    public bool WasKilledForMemory => Standing.ForMemory;

    /// <summary>Takes the right to run it, making the directory if need be. Dispose of it when done.</summary>
    /// <exception cref="UserErrorException">Another process holds it, or the directory cannot be written.</exception>
    public RunLock Lock() => RunLock.Take(this);

    /// <summary>What the last process could not write to the journal and the metrics, left to the next one.</summary>
    public string UnwrittenFile => System.IO.Path.Combine(Path, "unwritten.json");

    /// <summary>What the last process left; null when nothing.</summary>
    /// <exception cref="UserErrorException">The disk refused.</exception>
    public byte[]? ReadUnwritten() =>
        Disk.Attempt($"Cannot read {UnwrittenFile}", () => File.Exists(UnwrittenFile) ? File.ReadAllBytes(UnwrittenFile) : null);

    /// <summary>Leaves something to the next process, durably and in one piece; null: nothing.</summary>
    /// <exception cref="UserErrorException">The disk refused; what was left before is as it was.</exception>
    public void WriteUnwritten(byte[]? content) => Disk.Attempt($"Cannot write {UnwrittenFile}", () =>
    {
        if (content is not null)
            Disk.Replace(UnwrittenFile, content);
        else
            File.Delete(UnwrittenFile);
    });

    /// <summary>Notes the configuration, durably and in one piece; one that is there is replaced.</summary>
    /// <exception cref="UserErrorException">The disk refused; an earlier configuration is as it was.</exception>
    public void WriteConfiguration(string text) =>
        Disk.Attempt($"Cannot write {ConfigurationFile}", () => Disk.Replace(ConfigurationFile, Encoding.UTF8.GetBytes(text)));

    /// <summary>Keeps the tokenizer, durably and in one piece; one that is there is replaced.</summary>
    /// <exception cref="UserErrorException">The disk refused.</exception>
    public void WriteTokenizer(Action<string> save) => Disk.Attempt(
        $"Cannot write {TokenizerDirectory}",
        () => Disk.ReplaceFolder(TokenizerDirectory, TokenizerDirectory + ".writing", TokenizerDirectory + ".replaced", save));

    /// <summary>All runs under a root, by name; none when there is no such directory.</summary>
    /// <exception cref="UserErrorException">The directory cannot be read.</exception>
    public static IReadOnlyList<RunSummary> List(string root)
    {
        if (!Directory.Exists(root))
            return [];
        return Disk.Attempt<RunSummary[]>($"Cannot list the runs in {root}", () =>
        [
            .. Directory.EnumerateDirectories(root)
                .Select(static path => System.IO.Path.GetFileName(path))
                .Where(static name => !name.StartsWith('.'))
                .Order(StringComparer.Ordinal)
                .Select(name => new RunDirectory(root, name))
                .Where(static run => run.Exists)
                .Select(static run => run.Summarize()),
        ]);
    }

    private (RunState State, bool ForMemory) Standing =>
        File.Exists(ConfigurationFile) || !Exists ? RunLock.Probe(LockFile) : (RunState.Imported, false);

    private RunSummary Summarize()
    {
        StepMetrics? last = null;
        string? problem = null;
        try
        {
            last = MetricsLog.Read(MetricsFile).OfType<StepMetrics>().LastOrDefault();
        }
        catch (UserErrorException exception)
        {
            problem = exception.Message;
        }

        var checkpoints = new CheckpointArchive(CheckpointsDirectory).List();
        problem ??= checkpoints.FirstOrDefault(static checkpoint => checkpoint.Fault is not null)?.Fault?.Sentence;
        var newest = checkpoints.FirstOrDefault(static checkpoint => checkpoint.Manifest is not null)?.Step;
        problem ??= WasKilledForMemory ? OutOfMemoryKills.Sentence : null;
        return new RunSummary(Name, State, last?.Step, last?.Loss, newest, problem);
    }
}
