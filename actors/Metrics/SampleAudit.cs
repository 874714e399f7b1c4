using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Logs;

namespace ActorTrain.Actors.Metrics;

/// <param name="ContextLength">Tokens per sample.</param>
/// <param name="Newest">Facts of the newest checkpoint; null before the first.</param>
/// <param name="FinishedSteps">Steps of a finished run; null if it is not.</param>
public sealed record AuditInput(BatchPlan Plan, int ContextLength, IEnumerable<SampleRow> Ledger, SkipList Decided, CheckpointFacts? Newest,
    long? FinishedSteps = null)
{
    /// <summary>Branches that a rollback abandoned and that may still be in the ledger.</summary>
    public IReadOnlyList<AbandonedBranch> Abandoned { get; init; } = [];
}

/// <param name="Steps">Steps in the ledger.</param>
/// <param name="Consumed">Positions of the sample stream read for these steps.</param>
/// <param name="Skips">Skipped positions before the next one, with reasons.</param>
/// <param name="Undecided">Positions skipped after the newest checkpoint without a durable decision yet: if the process dies now, these
/// steps are redone.</param>
/// <param name="Next">The next position that is neither consumed nor skipped.</param>
/// <param name="Contradictions">The first contradictions by name; empty proves that every position was consumed exactly once, skipped with
/// a reason, or is still to come.</param>
public sealed record AuditReport(
    long Steps, long Consumed, IReadOnlyList<SkippedRange> Skips, long Undecided, long Next, long? CheckpointStep,
    IReadOnlyList<string> Contradictions)
{
    /// <summary>Ledger steps that a rollback abandoned; not counted, since the next process abandons them.</summary>
    public long AbandonedSteps { get; init; }

    /// <summary>Steps recomputed on a later branch of the logs from the same decisions.</summary>
    public long Redone { get; init; }

    /// <summary>Those of them with different bits.</summary>
    public IReadOnlyList<UnequalStep> Unequal { get; init; } = [];

    /// <summary>How often each sample of the data was read; null if the data are unavailable.</summary>
    public SampleReads? Reads { get; init; }

    public bool IsClean => Contradictions.Count == 0 && Unequal.Count == 0;
}

/// <summary>Proves from the records that every position of a run's sample stream was consumed exactly once, is on the skip list with its
/// reason, or is still to come.</summary>
/// <remarks>Up to the newest checkpoint its own skip list applies, since it is durable with the weights. Later steps are redone if the
/// process dies, so there a veto may be in the ledger before it is in the journal.</remarks>
public sealed class SampleAudit
{
    /// <summary>Contradictions that are named; further ones are only counted.</summary>
    public const int Named = 10;

    private readonly AuditInput input;
    private readonly List<string> contradictions = [];
    private readonly List<(SampleRange Range, long Step)> consumed = [];
    private SkipList skips;
    private long unnamed;
    private long steps;
    private long undecided;

    private SampleAudit(AuditInput input)
    {
        this.input = input;
        skips = input.Newest?.SkipList ?? SkipList.Empty;
    }

    private long CheckpointStep => input.Newest?.Step ?? 0;

    public static AuditReport Check(AuditInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var rows = input.Ledger.ToList();
        var report = new SampleAudit(input with { Ledger = rows }).Check();
        if (report.IsClean)
            return report;
        foreach (var abandoned in input.Abandoned)
        {
            // The ledger of an abandoned branch is complete in itself, and the steps kept from it are complete on the current branch.
            var kept = rows.TakeWhile(row => row.Step <= abandoned.After).ToList();
            if (kept.Count == rows.Count
                || !rows.TrueForAll(row => row.Ranges.SequenceEqual(Planned(input.Plan, row.Step, abandoned.Skips))))
                continue;
            var again = new SampleAudit(input with { Ledger = kept }).Check();
            if (again.IsClean)
                return again with { AbandonedSteps = rows.Count - kept.Count };
        }

        return report;
    }

    private AuditReport Check()
    {
        AddDecided();
        foreach (var range in skips.Ranges.Where(static range => string.IsNullOrWhiteSpace(range.Reason)))
            Contradict($"positions {Of(range)} are skipped without a reason");
        foreach (var row in input.Ledger)
            CheckRow(row);
        CheckIntervals();
        CheckCheckpoint();
        if (input.FinishedSteps is { } all && steps != all)
            Contradict($"the run finished all {all} steps, but the ledger ends at step {steps}");
        if (unnamed > 0)
            contradictions.Add($"and {unnamed} more");

        var next = skips.PositionOf(input.Plan.SamplesIn(steps));
        return new AuditReport(
            steps, consumed.Sum(static read => read.Range.Count), [.. skips.Ranges.Where(range => range.First < next)], undecided, next,
                input.Newest?.Step, contradictions);
    }

    /// <summary>Adds the journal's skips after the checkpoint; before it both must agree.</summary>
    private void AddDecided()
    {
        var reached = skips.PositionOf(input.Plan.SamplesIn(CheckpointStep));
        foreach (var range in input.Decided.Ranges)
        {
            // Positions that the checkpoint already skips keep its reason.
            var known = skips.Ranges.ToHashSet();
            var joined = skips.Joined([range]);
            if (joined.Ranges.FirstOrDefault(gap => !known.Contains(gap) && gap.First < reached) is { } missing)
                Contradict($"the journal skips positions {Of(missing)} ({range.Reason}), "
                    + $"but the checkpoint at step {CheckpointStep} does not");
            else
                skips = joined;
        }
    }

    private void CheckRow(SampleRow row)
    {
        if (row.Step <= steps)
            Contradict($"step {row.Step} follows step {steps} in the ledger");
        else if (row.Step > steps + 1)
            Contradict(row.Step == steps + 2 ? $"step {steps + 1} is missing in the ledger" : $"steps {steps + 1} to {row.Step - 1} "
                + $"are missing in the ledger");
        steps = row.Step;

        // A batch that is trained on again is consumed once.
        if (input.Plan.IsFirst(row.Step - 1))
            consumed.AddRange(row.Ranges.Select(range => (range, row.Step)));
        var planned = Planned(row.Step);
        if (!row.Ranges.SequenceEqual(planned) && !IsUndecided(row, planned))
            Contradict($"step {row.Step} read positions {Of(row.Ranges)}, but the plan has {Of(planned)}");
    }

    /// <summary>Whether a row differs only by vetoed whole batches whose decision is not durable yet.</summary>
    private bool IsUndecided(SampleRow row, EquatableArray<SampleRange> planned)
    {
        if (row.Step <= CheckpointStep || row.Ranges.Count == 0 || row.Ranges[0].First <= planned[0].First)
            return false;
        var before = skips;
        long passed = 0;
        for (var next = planned[0].First; next < row.Ranges[0].First;)
        {
            // Up to the next skipped position, or to what was read.
            var end = skips.Ranges.Select(static range => range.First).Append(row.Ranges[0].First).Where(first => first > next).Min();
            skips = skips.With(new SkippedRange(next, end - next, "not decided yet"));
            passed += end - next;
            next = skips.Ranges.Where(range => range.First == end).Select(static range => range.End).FirstOrDefault(end);
        }

        if (passed % input.Plan.BatchSize == 0 && row.Ranges.SequenceEqual(Planned(row.Step)))
        {
            undecided += passed;
            return true;
        }

        skips = before;
        return false;
    }

    /// <summary>Without the plan: no position was read twice, and none before the last was skipped without a reason.</summary>
    private void CheckIntervals()
    {
        var taken = consumed.Select(static read => (read.Range.First, read.Range.End, What: $"read for step {read.Step}"))
            .Concat(skips.Ranges.Select(static range => (range.First, range.End, What: "skipped")))
            .OrderBy(static interval => interval.First)
            .ToArray();
        var last = consumed.Count == 0 ? 0 : consumed.Max(static read => read.Range.End);
        long reached = 0;
        var holder = "";
        foreach (var (first, end, what) in taken.Where(interval => interval.First < last))
        {
            if (first < reached)
                Contradict($"position {first} was both {holder} and {what}");
            else if (first > reached)
                Contradict($"positions {Of(new SampleRange(reached, first - reached))} were neither read nor skipped");
            if (end > reached)
                (reached, holder) = (end, what);
        }
    }

    private void CheckCheckpoint()
    {
        if (input.Newest is not { } facts)
            return;
        if (facts.Step > steps)
            Contradict($"the newest checkpoint is at step {facts.Step}, but the ledger ends at step {steps}");
        var samples = facts.Step * input.Plan.BatchSize;
        var cursor = new PlanCursor(samples, samples, samples * input.ContextLength);
        if (facts.Cursor != cursor)
            Contradict($"the checkpoint at step {facts.Step} has {Of(facts.Cursor)}, but {facts.Step} steps give {Of(cursor)}");
    }

    private EquatableArray<SampleRange> Planned(long step) => Planned(input.Plan, step, skips);

    private static EquatableArray<SampleRange> Planned(BatchPlan plan, long step, SkipList skips) =>
        SampleRange.Of(plan.Samples(step - 1, skips).Select(static planned => planned.Position));

    private void Contradict(string sentence)
    {
        if (contradictions.Count < Named)
            contradictions.Add(sentence);
        else
            unnamed++;
    }

    private static string Of(SkippedRange range) => new SampleRange(range.First, range.Count).ToString();

    private static string Of(SampleRange range) => range.ToString();

    private static string Of(EquatableArray<SampleRange> ranges) =>
        ranges.Count == 0 ? "none" : string.Join(", ", ranges.Take(4)) + (ranges.Count > 4 ? $" and {ranges.Count - 4} more ranges" : "");

    private static string Of(PlanCursor cursor) =>
        $"next sample {cursor.NextSample}, {cursor.SamplesSeen} samples, {cursor.TokensSeen} tokens";
}
