using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Host.Runs;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Ledger;

namespace ActorTrain.Host.Rollouts;

/// <param name="Steps">Committed steps.</param>
/// <param name="Rollouts">That are kept of them, each (position, sample) once.</param>
/// <param name="Unreadable">Steps whose file is missing or damaged.</param>
/// <param name="RewardsCompared">Rewards that were computed again; null if the run's data is unavailable.</param>
/// <param name="Contradictions">The first contradictions, each by the name of its file; empty proves that each step was trained on the
/// rollouts that are kept of it, each once and with its reward.</param>
internal sealed record RolloutAuditReport(
    long Steps, long Rollouts, IReadOnlyList<long> Unreadable, long? RewardsCompared, IReadOnlyList<string> Contradictions)
{
    public bool IsClean => Contradictions.Count == 0 && Unreadable.Count == 0;
}

/// <summary>Compares the rollouts that a run keeps with the sample ledger, the metrics, the reward function and what the judge
/// answered.</summary>
internal sealed class RolloutAudit
{
    private readonly PastRollouts past;
    private readonly RolloutsRun? run;
    private readonly RolloutSchedule schedule;
    private readonly List<string> contradictions = [];
    private readonly List<long> unreadable = [];
    private readonly Dictionary<long, long> stepOf = [];
    private long rollouts;
    private long rewards;
    private long unnamed;

    private RolloutAudit(PastRollouts past, RolloutsRun? run) =>
        (this.past, this.run, schedule) = (past, run, past.Configuration.Rollouts.Schedule());

    /// <param name="steps">Steps of the course that counts; later ones are ignored.</param>
    /// <exception cref="UserErrorException">A file of the run cannot be read.</exception>
    public static RolloutAuditReport Of(PastRollouts past, RunRecord record, long steps)
    {
        using var data = past.Data(record);
        var configuration = past.Configuration;
        var setup = data is null ? null : new RolloutSetup(configuration, data);
        using var judge = setup?.PastJudge(past.Run);
        var run = setup?.Run(
            TrainingStage.Reinforcing.ModelOf(configuration, data!.Tokenizer.VocabularySize), past.Run,
            NumericEnvironment.Choose(configuration.Training.Compute), judge);
        var audit = new RolloutAudit(past, run);
        foreach (var row in past.Samples.Where(row => row.Step <= steps))
            audit.Check(row);
        if (audit.unnamed > 0)
            audit.contradictions.Add($"and {audit.unnamed} more");
        return new RolloutAuditReport(
            steps, audit.rollouts, audit.unreadable, run is null ? null : audit.rewards, audit.contradictions);
    }

    // A row's step counts from 1.
    private void Check(SampleRow row)
    {
        // A batch that is trained on again is kept by the name of the first step.
        var (taken, step) = (row.Step - 1, schedule.FirstStepOf(row.Step - 1));
        if (taken > step && past.Ledger.Read(step) is null)
            return;
        if (past.Ledger.Read(step) is not { } kept)
        {
            unreadable.Add(step);
            Contradict(step, $"is {past.Lack(step)}");
            return;
        }

        var positions = kept.Groups.Select(static group => group.Position).ToList();
        if (!row.Ranges.SequenceEqual(SampleRange.Of(positions)))
        {
            Contradict(step, $"has the prompts at positions {PastRollouts.Words(positions)}, but the step read "
                + string.Join(", ", row.Ranges));
        }

        if (taken > step)
            return;
        foreach (var position in positions)
        {
            if (!stepOf.TryAdd(position, step))
                Contradict(step, $"has the prompt at position {position}, which was also trained on in step {stepOf[position]}");
        }

        var samples = past.Configuration.Rollouts.Samples;
        foreach (var group in kept.Groups.Where(group => group.Samples.Count != samples))
            Contradict(step, $"has {group.Samples.Count} answers to the prompt at position {group.Position}, not {samples}");
        rollouts += kept.Groups.Sum(static group => (long)group.Samples.Count);
        if (past.MetricsOf(step)?.Rollouts is { } known
            && RolloutReplay.DifferenceOf(known, RolloutSummary.Of(kept.Groups)) is { } difference)
            Contradict(step, $"has {difference} in metrics.jsonl");
        if (run is null)
            return;
        try
        {
            CheckRewards(run, kept);
        }
        catch (UserErrorException exception)
        {
            Contradict(step, $"cannot be compared with its rewards: {exception.Message}");
        }
    }

    private void CheckRewards(RolloutsRun run, StepRollouts kept)
    {
        var weights = new PublishedWeights(kept.Step, Slot: 0, kept.Weights);
        var scored = StepSampler.Judged<RewardsScored>(
            run, ActorRole.Reward, new NoWeights(), kept.Groups.Select(group => StepSampler.OrderOf(group, weights)));
        foreach (var (group, report) in kept.Groups.Zip(scored))
        {
            rewards += group.Samples.Count;
            foreach (var (sample, (one, score)) in group.Samples.Zip(report.Scores).Index())
            {
                if (one.Score != score)
                {
                    Contradict(kept.Step, $"has the reward {Words(one.Score)} for answer {sample} to the prompt at position "
                        + $"{group.Position}, but scored again it has {Words(score)}");
                }
            }
        }
    }

    private void Contradict(long step, string what)
    {
        if (contradictions.Count < Actors.Metrics.SampleAudit.Named)
            contradictions.Add($"{past.Ledger.PathOf(step)} {what}");
        else
            unnamed++;
    }

    private static string Words(RolloutScore score) => score.Total is { } total ? FormattableString.Invariant($"{total:R}") : "none";
}
