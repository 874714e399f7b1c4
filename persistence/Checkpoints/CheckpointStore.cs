using ActorTrain.Models;
using ActorTrain.Models.Files;
using ActorTrain.Models.Options;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Safetensors;
using ActorTrain.Persistence.Terms;

namespace ActorTrain.Persistence.Checkpoints;

/// <summary>Adds checkpoints to a directory, atomically and durably. Only one process at a time, the holder of the run's lock, may open
/// it.</summary>
/// <remarks>A checkpoint is written under a temporary name, every file and the directory synced, then renamed and the parent synced: after
/// a kill or a power cut at any moment it is complete under its name, or absent. Names that begin with a dot are temporary.</remarks>
public sealed class CheckpointStore : CheckpointArchive
{
    private const string WritingPrefix = ".writing-", ReplacedPrefix = ".replaced-", DeletingPrefix = ".deleting-";
    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };
    private readonly CheckpointStoreOptions options;
    private readonly TimeProvider time;

    /// <summary>Opens a directory for writing, creates it if necessary, and deletes leftovers of killed processes.</summary>
    /// <param name="time">The clock for <see cref="CheckpointManifest.CreatedAt"/>.</param>
    /// <exception cref="UserErrorException">The options are invalid, or the directory cannot be created or written.</exception>
    public CheckpointStore(string directory, CheckpointStoreOptions options, TimeProvider time)
        : base(directory)
    {
        options.Require();
        this.options = options;
        this.time = time;
        Disk.Attempt($"Cannot open {directory} for checkpoints", () =>
        {
            Directory.CreateDirectory(directory);
            ClearLeftovers();
            Disk.Sync(directory);
            Disk.Sync(System.IO.Path.Combine(directory, ".."));
        });
    }

    /// <summary>Under which it is written.</summary>
    public RunTerm Term { get; init; } = RunTerm.None;

    /// <summary>Saves a checkpoint, durable and verified on return. Then abandoned and surplus older ones are deleted: see
    /// <see cref="CheckpointRetention"/>.</summary>
    /// <param name="content">The buffers must not change until this returns.</param>
    /// <param name="isLeft">Which others the run has abandoned; null for none.</param>
    /// <param name="cancellation">Cancels the save; nothing is left behind.</param>
    /// <remarks>Replaces a checkpoint of the same step. For those of later steps, see <see cref="DiscardAfter"/>.</remarks>
    /// <exception cref="UserErrorException">A disk error (full, read-only, …); earlier checkpoints are unchanged.</exception>
    /// <exception cref="ArgumentException">A buffer's size does not match the layout.</exception>
    public CheckpointManifest Commit(CheckpointContent content, Predicate<CheckpointManifest>? isLeft = null,
        CancellationToken cancellation = default)
    {
        using var pending = Write(content, cancellation);
        pending.Sync();
        cancellation.ThrowIfCancellationRequested();
        pending.Name(isLeft);
        return pending.Manifest;
    }

    /// <summary>Writes a checkpoint without a name, so that its source can be checked before it gets one.</summary>
    /// <exception cref="UserErrorException">A disk error (full, read-only, …); nothing is left behind.</exception>
    /// <exception cref="ArgumentException">A buffer's size does not match the layout.</exception>
    public PendingCheckpoint Write(CheckpointContent content, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(content.Facts.Step, nameof(content));
        foreach (var buffer in new[] { content.Weights, content.FirstMoment, content.SecondMoment })
        {
            if (buffer.Length != content.Layout.Length * sizeof(float))
                throw new ArgumentException(
                    $"A buffer of {buffer.Length} bytes does not match the layout of {content.Layout.Length} floats.", nameof(content));
        }

        Term.Confirm();
        var step = content.Facts.Step;
        var writing = Temporary(WritingPrefix, step) + (Term.Number > 0 ? $"-term-{Term.Number}" : "");
        return Disk.Attempt(SaveFailure(step), () =>
        {
            try
            {
                if (Directory.Exists(writing))
                    Directory.Delete(writing, recursive: true);
                Directory.CreateDirectory(writing);
                return new PendingCheckpoint(this, writing, WriteFiles(writing, content, cancellation));
            }
            catch
            {
                Disk.TryDelete(writing);
                throw;
            }
        });
    }

    /// <summary>Deletes the checkpoints of steps after <paramref name="step"/>, which a rollback abandoned.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public void DiscardAfter(long step)
    {
        // Newest first, so that a kill leaves no gap below a checkpoint still to be deleted.
        Discard(Steps().Where(other => other > step).OrderDescending().ToArray());
    }

    /// <summary>Records durably beside a checkpoint that it is good; no effect if it is missing or has been replaced.</summary>
    /// <param name="weightsHash">SHA-256 of its weights.</param>
    /// <param name="provedAt">Updates at which that was known.</param>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public void MarkGood(long step, string weightsHash, long provedAt)
    {
        Term.Confirm();
        if (Inspect(step) is { Manifest: { } manifest, ProvedAt: null } info && manifest.WeightsHash == weightsHash)
            Disk.Attempt($"Cannot mark {PathOf(step)} as good", () => GoodMarker.Write(info.Path, weightsHash, provedAt));
    }

    /// <exception cref="UserErrorException">A disk error, or another process may lead the run.</exception>
    public void Discard(IEnumerable<long> steps)
    {
        Disk.Attempt($"Cannot delete checkpoints in {Path}", () =>
        {
            foreach (var step in steps)
            {
                RequireTerm("delete", step);
                Delete(step);
            }
        });
    }

    // The files were synced as they were written.
    internal void Sync(PendingCheckpoint pending) =>
        Disk.Attempt(SaveFailure(pending.Manifest.Facts.Step), () => Disk.Sync(pending.Path));

    internal void Name(PendingCheckpoint pending, Predicate<CheckpointManifest>? isLeft)
    {
        var step = pending.Manifest.Facts.Step;
        Term.Confirm();
        if (Directory.Exists(PathOf(step)))
            RequireTerm("replace", step);
        Disk.Attempt(SaveFailure(step), () => Disk.MoveIntoPlace(pending.Path, PathOf(step), Temporary(ReplacedPrefix, step)));
        DeleteSurplus(step, isLeft);
    }

    // A checkpoint more does no harm, whoever leads; one less may.
    private void RequireTerm(string action, long step)
    {
        Term.Confirm();
        if (!Term.IsHeld)
            throw new UserErrorException($"Cannot {action} {PathOf(step)} while the journal's database is unavailable: another process may "
                + "have taken the run over; see that the database answers.");
    }

    private string SaveFailure(long step) => $"Cannot save the checkpoint at step {step} in {Path}";

    private string Temporary(string prefix, long step) => System.IO.Path.Combine(Path, prefix + NameOf(step));

    private CheckpointManifest WriteFiles(string directory, CheckpointContent content, CancellationToken cancellation)
    {
        var layout = content.Layout;
        var weights = SafetensorsWriter.Write(
            System.IO.Path.Combine(directory, WeightsFile),
            [.. FlatTensors.Of(layout, content.Weights, string.Empty)],
            Metadata,
            hashData: true,
            cancellation);
        var optimizer = SafetensorsWriter.Write(
            System.IO.Path.Combine(directory, OptimizerFile),
            [
                .. FlatTensors.Of(layout, content.FirstMoment, FirstMomentPrefix),
                .. FlatTensors.Of(layout, content.SecondMoment, SecondMomentPrefix),
            ],
            Metadata,
            cancellation: cancellation);
        var manifest = new CheckpointManifest
        {
            Facts = content.Facts,
            CreatedAt = time.GetUtcNow(),
            WeightsHash = weights.DataSha256!,
            PolicyHash = content.Facts.Model.Critic
                ? WeightsDigest.Of(ModelLayout.Of(content.Facts.Model.ShapeOfPolicy()), content.Weights) : weights.DataSha256!,
            Files =
            [
                new CheckpointFile(WeightsFile, weights.Size, weights.Sha256),
                new CheckpointFile(OptimizerFile, optimizer.Size, optimizer.Sha256),
            ],
        };
        Disk.WriteSynced(System.IO.Path.Combine(directory, ManifestFile.Name), ManifestFile.Write(manifest));
        return manifest;
    }

    private void ClearLeftovers()
    {
        foreach (var leftover in Directory.GetDirectories(Path, ReplacedPrefix + "*"))
        {
            var target = System.IO.Path.Combine(Path, System.IO.Path.GetFileName(leftover)[ReplacedPrefix.Length..]);
            if (Directory.Exists(target))
                Directory.Delete(leftover, recursive: true);
            else
                Directory.Move(leftover, target);
        }

        foreach (var prefix in new[] { WritingPrefix, DeletingPrefix })
        {
            foreach (var leftover in Directory.GetDirectories(Path, prefix + "*"))
                Directory.Delete(leftover, recursive: true);
        }
    }

    /// <summary>Deletes abandoned and surplus checkpoints, except the one just committed. A failure is retried after the next save; it does
    /// not make a successful save fail.</summary>
    private void DeleteSurplus(long committed, Predicate<CheckpointManifest>? isLeft)
    {
        try
        {
            var (left, others) =
                CheckpointRetention.Part(List(), info => info.Step != committed && isLeft is not null && isLeft(info.Manifest!));
            foreach (var step in left.Concat(CheckpointRetention.Surplus([.. others.Where(info => info.Step <= committed)], options))
                .Select(static info => info.Step))
            {
                RequireTerm("delete", step);
                Delete(step);
            }
        }
        catch (Exception exception) when (Disk.IsFailure(exception) || exception is UserErrorException)
        {
        }
    }

    /// <summary>Renames it first, so that no partial checkpoint ever has its name.</summary>
    private void Delete(long step)
    {
        var deleting = Temporary(DeletingPrefix, step);
        if (Directory.Exists(deleting))
            Directory.Delete(deleting, recursive: true);
        Directory.Move(PathOf(step), deleting);
        Disk.Sync(Path);
        Directory.Delete(deleting, recursive: true);
    }
}
