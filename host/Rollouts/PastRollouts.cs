using ActorTrain.Data.Chats;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Runs;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Rollouts;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Rollouts;

/// <summary>The rollouts that a run has kept, step by step. Step N is the one that begins from the weights after N updates; its figures are
/// those of step N + 1 in the metrics.</summary>
internal sealed class PastRollouts
{
    private readonly Dictionary<long, StepMetrics> metrics;

    private PastRollouts(RunDirectory run, RunConfiguration configuration, IReadOnlyList<StepMetrics> metrics)
    {
        (Run, Configuration) = (run, configuration);
        this.metrics = metrics.ToDictionary(static row => row.Step - 1);
        Samples = SampleLedger.Read(run.LedgerFile);
        Ledger = new RolloutLedger(run.RolloutsDirectory);

        // What is kept of later steps belongs to a course that the run has left, unless a process is training it.
        Steps = [.. Ledger.Steps().Where(step => step <= Committed)];
    }

    public RunDirectory Run { get; }

    public RunConfiguration Configuration { get; }

    public RolloutLedger Ledger { get; }

    /// <summary>The positions of the prompts that each committed step was trained on.</summary>
    public IReadOnlyList<SampleRow> Samples { get; }

    /// <summary>Steps that have a file, damaged or not; ascending. The last may not be trained on yet.</summary>
    public IReadOnlyList<long> Steps { get; }

    /// <summary>Steps that were trained on: those below it.</summary>
    public long Committed => Samples.Count == 0 ? 0 : Samples[^1].Step;

    /// <param name="name">As for <see cref="NamedRun.Find"/>.</param>
    /// <exception cref="UserErrorException">There is no such run, or it makes no rollouts.</exception>
    public static PastRollouts Open(string name)
    {
        var run = NamedRun.Find(name).Directory;
        return Find(run, File.Exists(run.ConfigurationFile) ? RunFile.Read(run.ConfigurationFile, []) : null)
            ?? throw new UserErrorException($"{run.Path} has no rollouts, which only `actortrain rlhf` makes; name a run of it.");
    }

    /// <summary>Those of a run; null if it makes none.</summary>
    /// <param name="configuration">Null for an imported model.</param>
    /// <exception cref="UserErrorException">A file of the run cannot be read.</exception>
    public static PastRollouts? Find(RunDirectory run, RunConfiguration? configuration)
    {
        if (configuration is null)
            return null;
        List<StepMetrics> steps = [.. MetricsLog.Read(run.MetricsFile).OfType<StepMetrics>()];
        return steps.Exists(static row => row.Rollouts is not null) || Directory.Exists(run.RolloutsDirectory)
            || (steps.Count == 0 && TrainingStage.Of(run) == TrainingStage.Reinforcing)
            ? new PastRollouts(run, configuration, steps)
            : null;
    }

    /// <summary>The figures of a step; null if it was not trained on.</summary>
    public StepMetrics? MetricsOf(long step) => metrics.GetValueOrDefault(step);

    /// <summary>The newest step with a file.</summary>
    /// <exception cref="UserErrorException">There is none.</exception>
    public long Newest() => Steps.Count > 0 ? Steps[^1] : throw new UserErrorException(Committed == 0
        ? $"{Run.Path} has no rollouts yet: its first step is not trained on; continue it with `actortrain rlhf`."
        : $"{Run.Path} has lost its rollouts; `actortrain replay {Run.Path} --repair` samples them again.");

    /// <summary>The rollouts of a step; those of the first step that was trained on them, where several are.</summary>
    /// <exception cref="UserErrorException">There are none, or they are damaged.</exception>
    public StepRollouts Read(long step)
    {
        step = Configuration.Rollouts.Schedule().FirstStepOf(step);
        if (!Steps.Contains(step) && step >= Committed)
            throw new UserErrorException($"{Run.Path} has no rollouts of step {step}; it has those of steps {Words(Steps)}.");
        return Ledger.Read(step) ?? throw new UserErrorException($"{Ledger.PathOf(step)} is {Lack(step)}; "
            + $"`actortrain replay {Run.Path} --repair` samples its rollouts again.");
    }

    /// <summary>What is wrong with a file that cannot be read.</summary>
    public string Lack(long step) => File.Exists(Ledger.PathOf(step)) ? "damaged" : "missing";

    /// <summary>The run's data; null if it is gone, or other than what the run is trained on.</summary>
    /// <returns>Owned by the caller.</returns>
    public TokenStore? Data(RunRecord record)
    {
        try
        {
            var data = TokenStore.Open(Configuration.Data.Path);
            if (data.Kind is DataKind.Prompts
                && (record.Newest?.State.GetValueOrDefault(RunProcess.DataKey) is not { } identity || identity == data.Identity))
                return data;
            data.Dispose();
        }
        catch (UserErrorException)
        {
        }

        return null;
    }

    /// <summary>The run's own tokenizer, and the token that ends a completion.</summary>
    /// <returns>The tokenizer is owned by the caller.</returns>
    /// <exception cref="UserErrorException">The run has lost its tokenizer or its chat template.</exception>
    public (ITokenizer Tokenizer, int EndOfTurn) Tokenizer()
    {
        var template = ChatTemplate.InFolder(Run.TokenizerDirectory) ?? throw new UserErrorException(
            $"{Run.TokenizerDirectory} has no {ChatTemplate.FileName}, with which its prompts were written; restore that folder.");
        var tokenizer = TokenizerFolder.Load(Run.TokenizerDirectory);
        try
        {
            return (tokenizer, new ChatEncoder(template, tokenizer, Run.Path).EndOfTurn);
        }
        catch
        {
            tokenizer.Dispose();
            throw;
        }
    }

    /// <summary>Numbers as ranges.</summary>
    public static string Words(IEnumerable<long> numbers) =>
        string.Join(", ", SampleRange.Of(numbers)) is { Length: > 0 } ranges ? ranges : "none";
}
