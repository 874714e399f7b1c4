using System.Text;
using ActorTrain.Models;
using ActorTrain.Models.Files;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Machine;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Rollouts;

namespace ActorTrain.Persistence.Runs;

public enum RunState
{
    New,

    Running,

    Stopped,

    Killed,

    Finished,

    /// <summary>Holds weights trained elsewhere.</summary>
    Imported,
}

/// <summary>One line of the list of runs.</summary>
/// <param name="LastStep">The last step in its metrics; null before the first.</param>
/// <param name="NewestCheckpoint">The step of its newest checkpoint with an intact manifest, or null.</param>
/// <param name="Problem">What could not be read, or why it was killed, in one sentence; or null.</param>
public sealed record RunSummary(string Name, RunState State, long? LastStep, double? LastLoss, long? NewestCheckpoint, string? Problem);

/// <summary>The files of a run: <c>ROOT/NAME/</c> with its configuration, metrics, checkpoints and lock.</summary>
public sealed class RunDirectory
{
    public const string TokenizerFolderName = "tokenizer";

    /// <summary>The Unix socket for commands to the process that trains a run.</summary>
    public const string ControlSocketName = "control.sock";

    /// <summary>Only composes paths; creates nothing.</summary>
    /// <param name="root">The directory of all runs, such as <c>runs</c>.</param>
    /// <param name="name">One plain directory name.</param>
    /// <exception cref="UserErrorException">The name is not a directory name.</exception>
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

    public string ConfigurationFile => System.IO.Path.Combine(Path, "run.yaml");

    public string TokenizerDirectory => System.IO.Path.Combine(Path, TokenizerFolderName);

    /// <summary>The run's copy of the trained weights that it starts with; null if it starts with random ones.</summary>
    public BaseWeights? BaseOf(BaseOptions options) =>
        options.Digest.Length == 0 ? null : new BaseWeights(System.IO.Path.Combine(Path, "base"), options.Digest);

    /// <summary>The run's copy of the reward model that its critic starts with; null if that starts with the base model.</summary>
    /// <param name="digest">Of its weights; empty for none.</param>
    public BaseWeights? CriticBaseOf(string digest) =>
        digest.Length == 0 ? null : new BaseWeights(System.IO.Path.Combine(Path, "critic"), digest);

    /// <summary>Log-probabilities of preference pairs under the model that the run starts with.</summary>
    public string ReferenceDirectory => System.IO.Path.Combine(Path, "reference");

    /// <summary>The normalisation of the scores of a reward model.</summary>
    public string ScorerDirectory => System.IO.Path.Combine(Path, "scorer");

    public string RewardFile => System.IO.Path.Combine(Path, "reward.json");

    /// <summary>What its policy sampled, a file per step.</summary>
    public string RolloutsDirectory => System.IO.Path.Combine(Path, "rollouts");

    /// <summary>What an external judge has answered, which is written nowhere else.</summary>
    public string JudgementsFile => System.IO.Path.Combine(Path, "judgements.jsonl");

    /// <summary>What it has answered to questions of evaluations.</summary>
    public string EvaluationJudgementsFile => System.IO.Path.Combine(Path, "judgements-eval.jsonl");

    public string MetricsFile => System.IO.Path.Combine(Path, "metrics.jsonl");

    public string LedgerFile => System.IO.Path.Combine(Path, "samples.jsonl");

    public string GoodputFile => System.IO.Path.Combine(Path, "goodput.jsonl");

    /// <summary>The journal, if kept in SQLite.</summary>
    public string JournalFile => System.IO.Path.Combine(Path, "run.db");

    public string LogsDirectory => System.IO.Path.Combine(Path, "logs");

    /// <summary>A link to the newest log file.</summary>
    public string LogFile => System.IO.Path.Combine(Path, "run.log");

    /// <summary>The Unix socket for commands to the process that trains the run.</summary>
    public string ControlSocket => System.IO.Path.Combine(Path, ControlSocketName);

    public string CheckpointsDirectory => System.IO.Path.Combine(Path, "checkpoints");

    /// <summary>Held while a process trains the run.</summary>
    public string LockFile => System.IO.Path.Combine(Path, "run.lock");

    /// <summary>Whether the run exists: begun, or imported with only a checkpoint.</summary>
    public bool Exists => File.Exists(ConfigurationFile) || Directory.Exists(CheckpointsDirectory);

    public RunState State => Standing.State;

    /// <summary>Whether its last process was probably killed for lack of memory.</summary>
    public bool WasKilledForMemory => Standing.ForMemory;

    /// <summary>Takes the run's lock; creates the directory if necessary.</summary>
    /// <exception cref="UserErrorException">Another process holds it, or the directory cannot be written.</exception>
    public RunLock Lock() => RunLock.Take(this);

    /// <summary>Takes the run's lock from a superseded process that may still hold it; creates the directory if necessary.</summary>
    /// <exception cref="UserErrorException">The directory cannot be written.</exception>
    public RunLock ReplaceLock() => RunLock.Replace(this);

    /// <summary>What the last process could not write to journal and metrics, for the next one.</summary>
    public string UnwrittenFile => System.IO.Path.Combine(Path, "unwritten.json");

    /// <summary>What the last process left; null if nothing.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public byte[]? ReadUnwritten() =>
        Disk.Attempt($"Cannot read {UnwrittenFile}", () => File.Exists(UnwrittenFile) ? File.ReadAllBytes(UnwrittenFile) : null);

    /// <summary>Leaves data to the next process, atomically and durably; null for none.</summary>
    /// <exception cref="UserErrorException">A disk error; the former data are unchanged.</exception>
    public void WriteUnwritten(byte[]? content) => Disk.Attempt($"Cannot write {UnwrittenFile}", () =>
    {
        if (content is not null)
            Disk.Replace(UnwrittenFile, content);
        else
            File.Delete(UnwrittenFile);
    });

    /// <summary>Replaces the files that grow by copies: a process that led the run before, and may still have them open or locked, writes
    /// to files without a name from now on.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public void Detach()
    {
        foreach (var file in new[] { MetricsFile, LedgerFile, GoodputFile, JudgementsFile, EvaluationJudgementsFile }.Where(File.Exists))
            Disk.Attempt($"Cannot replace {file} by a copy", () => Disk.ReplaceByCopy(file));
        var judging = Judgements.LockOf(JudgementsFile);
        Disk.Attempt($"Cannot delete {judging}", () => File.Delete(judging));
    }

    /// <summary>Writes the configuration atomically and durably.</summary>
    /// <exception cref="UserErrorException">A disk error; an earlier configuration is unchanged.</exception>
    public void WriteConfiguration(string text) =>
        Disk.Attempt($"Cannot write {ConfigurationFile}", () => Disk.Replace(ConfigurationFile, Encoding.UTF8.GetBytes(text)));

    /// <summary>Writes the tokenizer atomically and durably.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public void WriteTokenizer(Action<string> save) => Disk.Attempt(
        $"Cannot write {TokenizerDirectory}",
        () => Disk.ReplaceFolder(TokenizerDirectory, TokenizerDirectory + ".writing", TokenizerDirectory + ".replaced", save));

    /// <summary>All runs under a root, by name; empty if the directory does not exist.</summary>
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
