using ActorTrain.Actors.Judging;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Data.Shards;
using ActorTrain.Host.Runs;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Host.Rollouts;

/// <summary>A rollout of a run.</summary>
/// <param name="Index">Of its prompt in the step, by position.</param>
internal readonly record struct RolloutName(long Step, int Index, int Sample);

/// <summary>Samples rollouts of the past anew, with the weights of their steps, and compares them with the base model again.</summary>
internal sealed class RolloutReplay : IDisposable
{
    private readonly PastRollouts past;
    private readonly NumericEnvironment environment;
    private readonly ModelOptions model;
    private readonly RolloutSchedule schedule;
    private readonly RunRecord record;
    private readonly Action<string> note;
    private readonly RecomputedPolicy policy;
    private readonly StepSampler sampler;
    private readonly CancellationToken cancellation;
    private TokenStore? data;
    private ReferenceDevice? reference;
    private RecordedJudge? judge;
    private RolloutsRun? run;

    /// <param name="note">Receives progress and warnings.</param>
    /// <exception cref="UserErrorException">The run lacks something that its rollouts were sampled with.</exception>
    public RolloutReplay(PastRollouts past, NumericEnvironment environment, Action<string> note, CancellationToken cancellation)
    {
        (this.past, this.environment, this.note, this.cancellation) = (past, environment, note, cancellation);
        var configuration = past.Configuration;
        schedule = configuration.Rollouts.Schedule();
        record = RunRecord.Of(past.Run);
        var (tokenizer, endOfTurn) = past.Tokenizer();
        using (tokenizer)
        {
            model = TrainingStage.Reinforcing.ModelOf(configuration, tokenizer.VocabularySize);
            var replica = TrainingStage.Reinforcing.ReplicaOf(configuration, model);
            policy = new RecomputedPolicy(
                past, replica,
                new UpdateRules(
                    configuration.Spikes.Detection(configuration.Scoring.PartWeights()), replica.Schedule,
                    JournalState.Of(record.Decisions)),
                Checkpoints(configuration.Hash),
                (past.Run.BaseOf(configuration.Base)!, past.Run.CriticBaseOf(configuration.Critic.Digest)), note);
            sampler = new StepSampler(new GeneratorOptions(
                model.ShapeOfPolicy(), configuration.Training.ChosenPrecision, configuration.Rollouts, (ulong)configuration.Training.Seed,
                endOfTurn, tokenizer.VocabularySize), policy);
        }

        if (record.Newest is not { } facts)
            return;
        foreach (var difference in facts.Fingerprint.DifferencesFrom(environment.Fingerprint))
            note($"warning: the numeric fingerprint differs from the run's, so the bits may differ: {difference}.");
    }

    /// <summary>Tokens that were compared.</summary>
    public long Tokens { get; private set; }

    /// <summary>Whether log-probabilities under the base model are compared, too.</summary>
    public bool HasReferences => past.Configuration.ComparesWithBase;

    /// <summary>Samples some rollouts of a step and compares ids and log-probabilities with the ledger.</summary>
    /// <param name="chosen">Of a step that is not below the last one.</param>
    /// <returns>One sentence for each difference.</returns>
    /// <exception cref="UserErrorException">The step has no intact rollouts, or not these.</exception>
    public IReadOnlyList<string> Compare(long step, IReadOnlyCollection<RolloutName> chosen)
    {
        var kept = past.Read(step);
        if (policy.Reach(schedule.WeightsOf(step), Resample, cancellation) is { } broken)
            return [broken];
        if (policy.DifferenceFrom(kept) is { } other)
            return [other];
        var sampled = sampler.Sample(
            policy.Weights, chosen.GroupBy(static one => one.Index).Select(group => (
                new Prompt(kept.Groups[group.Key].Position, kept.Groups[group.Key].Prompt), group.Select(static one => one.Sample))),
            cancellation);
        List<string> differences = [];
        foreach (var one in chosen)
        {
            var (group, was) = (kept.Groups[one.Index], kept.Groups[one.Index].Samples[one.Sample].Rollout);
            Tokens += was.Ids.Count;
            if (DifferenceOf(was, sampled[(group.Position, one.Sample)]) is { } difference)
                differences.Add($"step {step}, position {group.Position}, sample {one.Sample}: {difference}");
        }

        if (HasReferences)
            differences.AddRange(ReferenceDifferences(kept, chosen));
        return differences;
    }

    /// <summary>Samples all rollouts of a step whose file is missing or damaged, and writes the file.</summary>
    /// <returns>Null, or one sentence why it was not written.</returns>
    /// <exception cref="UserErrorException">The run's data is gone, or a disk error.</exception>
    public string? Repair(long step)
    {
        if (policy.Reach(schedule.WeightsOf(step), Resample, cancellation) is { } broken)
            return broken;
        var sampled = Resample(step);
        if (past.MetricsOf(step)?.Rollouts is { } known && DifferenceOf(known, RolloutSummary.Of(sampled.Groups)) is { } difference)
            return $"the rollouts of step {step}, sampled again, have {difference} in metrics.jsonl; nothing was written";
        past.Ledger.Write(sampled);
        return null;
    }

    /// <summary>How figures of rollouts differ from those that are known; null if they do not.</summary>
    public static string? DifferenceOf(RolloutSummary known, RolloutSummary found) => !Bits.AreEqual(known.Reward, found.Reward)
        ? $"the reward {found.Reward:R}, not {known.Reward:R} as"
        : known.Tokens != found.Tokens ? $"{found.Tokens} tokens, not {known.Tokens} as"
        : Bits.AreEqual(known.Entropy, found.Entropy) ? null : $"the entropy {found.Entropy:R}, not {known.Entropy:R} as";

    public void Dispose()
    {
        sampler.Dispose();
        policy.Dispose();
        reference?.Dispose();
        judge?.Dispose();
        data?.Dispose();
    }

    private IEnumerable<CheckpointInfo> Checkpoints(string configuration)
    {
        var history = CheckpointHistory.Of(record.Decisions);
        return new CheckpointArchive(past.Run.CheckpointsDirectory).List().Where(info => info.Manifest is { } manifest
            && manifest.Facts.ConfigurationHash == configuration && !history.IsVoid(manifest)).Reverse();
    }

    private StepRollouts Resample(long step)
    {
        note($"sampling the rollouts of step {step} again: {past.Ledger.PathOf(step)} is {past.Lack(step)}");
        data ??= past.Data(record) ?? throw new UserErrorException($"{past.Ledger.PathOf(step)} is {past.Lack(step)}, and its rollouts can "
            + $"only be sampled and scored again with the run's data, which is not at {past.Configuration.Data.Path} (relative to this "
            + "folder); restore that folder.");
        run ??= Run(new RolloutSetup(past.Configuration, data));
        return sampler.Sample(run, step, policy.Weights, Skips(), cancellation) with { KlCoefficient = policy.KlCoefficient };
    }

    // All answers to a prompt in one pass, as in the run.
    private IEnumerable<string> ReferenceDifferences(StepRollouts kept, IReadOnlyCollection<RolloutName> chosen)
    {
        reference ??= RolloutSetup.Reference(past.Configuration, model.ShapeOfPolicy(), past.Run);
        List<int> groups = [.. chosen.Select(static one => one.Index).Distinct()];
        var found = StepSampler.Answers<ReferencesScored>(
            reference, [.. groups.Select(index => StepSampler.OrderOf(kept.Groups[index], policy.Weights))], note, cancellation);
        foreach (var one in chosen)
        {
            var group = kept.Groups[one.Index];
            var now = found[groups.IndexOf(one.Index)].LogProbabilities[one.Sample];
            if (DifferenceOf(group.Samples[one.Sample].Reference, now) is { } difference)
                yield return $"step {kept.Step}, position {group.Position}, sample {one.Sample}: {difference}";
        }
    }

    private RolloutsRun Run(RolloutSetup setup) => setup.Run(model, past.Run, environment, judge = setup.PastJudge(past.Run));

    // Ranges for later steps lie behind the positions of earlier ones, so one list holds for all.
    private SkipList Skips() => (record.Newest?.SkipList ?? SkipList.Empty).Joined(JournalState.Of(record.Decisions).Skips.Ranges);

    private static string? DifferenceOf(Rollout was, Rollout now)
    {
        for (var token = 0; token < Math.Min(was.Ids.Count, now.Ids.Count); token++)
        {
            var (wasSure, isSure) = (was.LogProbabilities[token], now.LogProbabilities[token]);
            if (was.Ids[token] != now.Ids[token] || BitConverter.SingleToInt32Bits(wasSure) != BitConverter.SingleToInt32Bits(isSure))
                return $"token {token} is {now.Ids[token]} with log-probability {isSure:R}, not {was.Ids[token]} with {wasSure:R}";
        }

        return was.Ids.Count != now.Ids.Count ? $"it has {now.Ids.Count} tokens, not {was.Ids.Count}"
            : was.HasEnded == now.HasEnded ? null : $"it has {(now.HasEnded ? "an" : "no")} end token";
    }

    private static string? DifferenceOf(EquatableArray<float> was, EquatableArray<float> now)
    {
        if (was.Count != now.Count)
            return $"it has {now.Count} log-probabilities under the base model, not {was.Count}";
        for (var token = 0; token < was.Count; token++)
        {
            if (BitConverter.SingleToInt32Bits(was[token]) != BitConverter.SingleToInt32Bits(now[token]))
                return $"token {token} has log-probability {now[token]:R} under the base model, not {was[token]:R}";
        }

        return null;
    }
}
