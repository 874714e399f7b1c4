using ActorTrain.Models.Options;

namespace ActorTrain.Persistence.Checkpoints;

public sealed record CheckpointStoreOptions : IOptions
{
    [Option("newest checkpoints to keep, in addition to the newest good one", Key = "keep", Min = 1)]
    public int KeepLast { get; init; } = 3;

    [Option("keep checkpoints at multiples of this step permanently; 0: none", Max = int.MaxValue)]
    public long KeepEvery { get; init; }
}

/// <summary>Which checkpoints are kept: the newest ones, those of round steps, and the newest good one; damaged ones older than those are
/// deleted.</summary>
public static class CheckpointRetention
{
    /// <summary>Separates those that the run has abandoned. If only abandoned ones are intact, none counts as abandoned: they are better
    /// than nothing.</summary>
    public static (IReadOnlyList<CheckpointInfo> Abandoned, IReadOnlyList<CheckpointInfo> Others) Part(IReadOnlyList<CheckpointInfo> found,
        Predicate<CheckpointInfo> isLeft)
    {
        var left = found.Where(info => info.Manifest is not null && isLeft(info)).ToList();
        var others = found.Except(left).ToList();
        return others.Exists(static info => info.Manifest is not null) ? (left, others) : ([], found);
    }

    /// <summary>Those to delete. An intact one is always kept if there is one.</summary>
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
