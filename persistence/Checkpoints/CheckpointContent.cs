using ActorTrain.Models;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Storage;

namespace ActorTrain.Persistence.Checkpoints;

/// <summary>The position in the data plan.</summary>
/// <param name="NextSample">Ordinal of the next sample, not counting skipped positions.</param>
public sealed record PlanCursor(long NextSample, long SamplesSeen, long TokensSeen);

/// <summary>What a checkpoint records besides its tensors.</summary>
public sealed record CheckpointFacts
{
    /// <summary>At least 0.</summary>
    public required long Step { get; init; }

    public required string ConfigurationHash { get; init; }

    /// <summary>Of the process that wrote it; null: none, or an older version.</summary>
    public long? Term { get; init; }

    public required ModelOptions Model { get; init; }

    public required PlanCursor Cursor { get; init; }

    public SkipList SkipList { get; init; } = SkipList.Empty;

    public required NumericFingerprint Fingerprint { get; init; }

    /// <summary>Small additional data of the caller, such as the last losses.</summary>
    public IReadOnlyDictionary<string, string> State { get; init; } = new Dictionary<string, string>();
}

/// <param name="Weights">Float32 parameters, laid out by <paramref name="Layout"/>, gaps included.</param>
/// <param name="FirstMoment">Float32 first moments of the optimizer, in the same layout.</param>
/// <param name="SecondMoment">Float32 second moments, in the same layout.</param>
public sealed record CheckpointContent(
    CheckpointFacts Facts, FlatLayout Layout, HostBuffer Weights, HostBuffer FirstMoment, HostBuffer SecondMoment);

/// <param name="Size">In bytes.</param>
/// <param name="Sha256">Lower-case hexadecimal.</param>
public sealed record CheckpointFile(string Name, long Size, string Sha256);

/// <summary>The manifest of a checkpoint: written last, as proof that the rest is complete.</summary>
public sealed record CheckpointManifest
{
    public required CheckpointFacts Facts { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>SHA-256 of the parameters' bytes alone, in layout order without gaps; see <see cref="WeightsDigest"/>.</summary>
    public required string WeightsHash { get; init; }

    /// <summary>The same of the language model's parameters alone, which is what other runs start with.</summary>
    public string PolicyHash { get => field ?? WeightsHash; init; }

    public required IReadOnlyList<CheckpointFile> Files { get; init; }
}

/// <summary>A problem with a checkpoint on disk.</summary>
/// <param name="IsNewer">Whether it is intact but written by a newer version, so that resuming from an older one would be a
/// mistake.</param>
public sealed record CheckpointFault(string Path, long Step, string Sentence, bool IsNewer = false);

/// <summary>A checkpoint on disk: its manifest, or its fault.</summary>
/// <param name="Manifest">Null unless it is intact and the files that it names have the right sizes.</param>
public sealed record CheckpointInfo(string Path, long Step, CheckpointManifest? Manifest, CheckpointFault? Fault)
{
    /// <summary>Updates at which it was found good; null if not recorded.</summary>
    public long? ProvedAt { get; init; }

    /// <summary>Bytes of its files, by its manifest.</summary>
    public long Size => Manifest?.Files.Sum(static file => file.Size) ?? 0;
}

/// <summary>A checkpoint in memory, verified by hash; owns its buffers.</summary>
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

    public FlatLayout Layout { get; }

    /// <summary>Float32 parameters, laid out by <see cref="Layout"/>; gaps are zero.</summary>
    public HostBuffer Weights { get; }

    /// <summary>First moments, in the same layout; null if only the weights were requested.</summary>
    public HostBuffer? FirstMoment { get; }

    /// <summary>Second moments, in the same layout; null if only the weights were requested.</summary>
    public HostBuffer? SecondMoment { get; }

    public void Dispose()
    {
        Weights.Dispose();
        FirstMoment?.Dispose();
        SecondMoment?.Dispose();
    }
}
