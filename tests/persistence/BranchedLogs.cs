using ActorTrain.Persistence.Ledger;
using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Metrics;

namespace ActorTrain.Persistence.Tests;

/// <summary>Logs as a process opens them that resumes after a step.</summary>
internal static class BranchedLogs
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    public static MetricsLog Metrics(string path, long after)
    {
        var log = MetricsLog.Open(path, after);
        log.Branch(after, BranchCause.Resume);
        return log;
    }

    public static SampleLedger Samples(string path, long after)
    {
        var ledger = SampleLedger.Open(path, after);
        ledger.Branch(after, BranchCause.Resume);
        return ledger;
    }

    public static UnequalStep? Append<TRow>(this BranchedLog<TRow> log, TRow row, string? decisions = null)
        where TRow : class
        => log.Append(row, new RowStamp(Noon, log.Newest.Number, log.Update + (row is EvaluationMetrics ? 0 : 1), "test", decisions));

    public static void Branch<TRow>(this BranchedLog<TRow> log, long after, BranchCause cause = BranchCause.Rollback)
        where TRow : class
        => log.OpenBranch(log.Newest.Number + 1, after, cause, "a test", Noon, "test");
}
