using ActorTrain.Models.Options;

namespace ActorTrain.Persistence.Checkpoints;

/// <summary>How many checkpoints stay on disk.</summary>
public sealed record CheckpointStoreOptions : IOptions
{
    [Option("newest checkpoints to keep, in addition to the newest good one", Key = "keep", Min = 1)]
    public int KeepLast { get; init; } = 3;

    [Option("keep checkpoints at multiples of this step permanently; 0: none", Max = int.MaxValue)]
    public long KeepEvery { get; init; }
}

/// <summary>Which checkpoints stay: the newest ones, those of round steps, and the newest that proved good; of damaged ones none that lies
/// further back than those.</summary>
public static class CheckpointRetention
{
    /// <summary>Parts those that the run has abandoned from the others. Where nothing else is whole, none counts as abandoned: weights that
    /// nobody resumes from are better than none.</summary>
    public static (IReadOnlyList<CheckpointInfo> Abandoned, IReadOnlyList<CheckpointInfo> Others) Part(IReadOnlyList<CheckpointInfo> found,
        Predicate<CheckpointInfo> isLeft)
    {
        var left = found.Where(info => info.Manifest is not null && isLeft(info)).ToList();
        var others = found.Except(left).ToList();
        return others.Exists(static info => info.Manifest is not null) ? (left, others) : ([], found);
    }

    /// <summary>Those that need not stay. While a checkpoint is whole, one that is whole stays.</summary>
    public static IReadOnlyList<CheckpointInfo> Surplus(IReadOnlyList<CheckpointInfo> found, CheckpointStoreOptions options)
    {
        var whole = found.Where(static info => info.Manifest is not null).OrderByDescending(static info => info.Step).ToList();
        if (whole.Count < options.KeepLast)
            return [];
        var oldest = whole[options.KeepLast - 1].Step;
        var good = whole.Find(static info => info.ProvedAt is not null);
        return [.. found.Where(info => info.Step < oldest && info != good && info.Fault is not { IsNewer: true } && !IsRound(info))];

        bool IsRound(CheckpointInfo info) => options.KeepEvery > 0 && info.Step % options.KeepEvery == 0;
    }
}
