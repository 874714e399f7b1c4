using ActorTrain.Models;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Storage;

namespace ActorTrain.Persistence.Checkpoints;

/// <summary>Where the plan stands: all that a run needs to resume its data.</summary>
/// <param name="NextSample">Ordinal of the next sample, skipped positions not counted.</param>
/// <param name="TokensSeen">Tokens trained on so far.</param>
public sealed record PlanCursor(long NextSample, long SamplesSeen, long TokensSeen);

/// <summary>What a checkpoint says of its run, beside the numbers themselves.</summary>
public sealed record CheckpointFacts
{
    /// <summary>Steps taken so far; at least 0.</summary>
    public required long Step { get; init; }

    public required string ConfigurationHash { get; init; }

    /// <summary>The model's shape.</summary>
    public required ModelOptions Model { get; init; }

    public required PlanCursor Cursor { get; init; }

    /// <summary>What the plan skips, and why.</summary>
    public SkipList SkipList { get; init; } = SkipList.Empty;

    /// <summary>What the bits depend on.</summary>
    public required NumericFingerprint Fingerprint { get; init; }

    /// <summary>Anything small that the caller wants to find again, such as the last losses.</summary>
    public IReadOnlyDictionary<string, string> State { get; init; } = new Dictionary<string, string>();
}

/// <summary>All that goes into a checkpoint.</summary>
/// <param name="Weights">Float32 parameters, laid out by <paramref name="Layout"/>, gaps included.</param>
/// <param name="FirstMoment">Float32 first moments of the optimizer, laid out likewise.</param>
/// <param name="SecondMoment">Float32 second moments, laid out likewise.</param>
public sealed record CheckpointContent(
    CheckpointFacts Facts, FlatLayout Layout, HostBuffer Weights, HostBuffer FirstMoment, HostBuffer SecondMoment);

/// <summary>One file of a checkpoint as its manifest knows it.</summary>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Sha256">Its SHA-256 in lower-case hexadecimal.</param>
public sealed record CheckpointFile(string Name, long Size, string Sha256);

/// <summary>The manifest of a checkpoint: written last, and proof that the rest is whole.</summary>
public sealed record CheckpointManifest
{
    /// <summary>What the checkpoint says of its run.</summary>
    public required CheckpointFacts Facts { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>SHA-256 of the parameters' bytes alone, in the order of the layout without gaps; see <see cref="WeightsDigest"/>.</summary>
    public required string WeightsHash { get; init; }

    /// <summary>The other files of the checkpoint.</summary>
    public required IReadOnlyList<CheckpointFile> Files { get; init; }
}

/// <summary>Something wrong with a checkpoint on disk.</summary>
/// <param name="IsNewer">Whether it is whole but written by a newer program, so that going on from an older one would be a mistake.</param>
public sealed record CheckpointFault(string Path, long Step, string Sentence, bool IsNewer = false);

/// <summary>A checkpoint found on disk: its manifest, or what is wrong with it.</summary>
/// <param name="Manifest">Its manifest, when that is whole and the files it names have the right sizes.</param>
public sealed record CheckpointInfo(string Path, long Step, CheckpointManifest? Manifest, CheckpointFault? Fault)
{
    /// <summary>Updates at which it proved good; null where that is not noted beside it.</summary>
    public long? ProvedAt { get; init; }

    /// <summary>Bytes of its files, as its manifest has them.</summary>
    public long Size => Manifest?.Files.Sum(static file => file.Size) ?? 0;
}

/// <summary>A checkpoint in memory, verified by hash; its buffers are freed by <see cref="Dispose"/>.</summary>
public sealed class LoadedCheckpoint : IDisposable
{
    internal LoadedCheckpoint(
        string path, CheckpointManifest manifest, FlatLayout layout, HostBuffer weights, HostBuffer? firstMoment, HostBuffer? secondMoment)
    {
        Path = path;
        Manifest = manifest;
        Layout = layout;
        Weights = weights;
        FirstMoment = firstMoment;
        SecondMoment = secondMoment;
    }

    public string Path { get; }

    public CheckpointManifest Manifest { get; }

    /// <summary>Where the parameters stand in each of the buffers.</summary>
    public FlatLayout Layout { get; }

    /// <summary>Float32 parameters, laid out by <see cref="Layout"/>; gaps are zero.</summary>
    public HostBuffer Weights { get; }

    /// <summary>First moments, laid out likewise; null when only the weights were asked for.</summary>
    public HostBuffer? FirstMoment { get; }

    /// <summary>Second moments, laid out likewise; null when only the weights were asked for.</summary>
    public HostBuffer? SecondMoment { get; }

    public void Dispose()
    {
        Weights.Dispose();
        FirstMoment?.Dispose();
        SecondMoment?.Dispose();
    }
}
