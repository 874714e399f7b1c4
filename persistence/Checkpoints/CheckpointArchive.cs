using System.Globalization;
using System.Security.Cryptography;
using ActorTrain.Models;
using ActorTrain.Models.Files;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Safetensors;

namespace ActorTrain.Persistence.Checkpoints;

public enum CheckpointParts
{
    /// <summary>Weights and both moments, to resume training.</summary>
    All,

    /// <summary>Weights only, to evaluate, generate or export.</summary>
    Weights,
}

/// <summary>Reads the checkpoints of a directory without changing it, even while another process writes to it.</summary>
public class CheckpointArchive
{
    internal const string WeightsFile = "weights.safetensors";
    internal const string OptimizerFile = "optimizer.safetensors";
    internal const string FirstMomentPrefix = "m.";
    internal const string SecondMomentPrefix = "v.";
    private const string NamePrefix = "step-";

    public CheckpointArchive(string directory) => Path = directory;

    public string Path { get; }

    /// <summary>All checkpoints, newest first, with their manifests. Sizes are compared, hashes are not: see
    /// <see cref="Verify"/>.</summary>
    /// <exception cref="UserErrorException">The directory cannot be read.</exception>
    /// <remarks>A checkpoint that retention deletes meanwhile is skipped.</remarks>
    public IReadOnlyList<CheckpointInfo> List() => Disk.Attempt<CheckpointInfo[]>(
        $"Cannot list the checkpoints in {Path}",
        () => [.. Steps().OrderDescending().Select(Inspect).Where(static info => info.Fault is null || Directory.Exists(info.Path))]);

    /// <summary>Hashes every file of a checkpoint against its manifest.</summary>
    /// <returns>Null if all match.</returns>
    public static CheckpointFault? Verify(CheckpointInfo checkpoint)
    {
        if (checkpoint.Manifest is not { } manifest)
            return checkpoint.Fault;
        try
        {
            foreach (var file in manifest.Files)
            {
                using var stream = File.OpenRead(System.IO.Path.Combine(checkpoint.Path, file.Name));
                if (stream.Length != file.Size || Convert.ToHexStringLower(SHA256.HashData(stream)) != file.Sha256)
                    return Altered(checkpoint, file);
            }

            return null;
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            return Fault(checkpoint.Path, checkpoint.Step, $"it cannot be read ({Disk.Reason(exception)})");
        }
    }

    /// <summary>Loads the newest intact checkpoint; reports and skips damaged ones.</summary>
    /// <param name="isLeft">Which intact ones are silently skipped because the run has abandoned them; null for none.</param>
    /// <returns>Null if none is intact.</returns>
    /// <exception cref="UserErrorException">An intact checkpoint is of another model or a newer format, or may not be read.</exception>
    public LoadedCheckpoint? LoadLatest(
        FlatLayout layout, Action<CheckpointFault> warn, CheckpointParts parts = CheckpointParts.All,
            Predicate<CheckpointManifest>? isLeft = null) =>
        LoadLatest(_ => layout, warn, parts, isLeft);

    /// <summary>As the other overload, with a layout that depends on the manifest.</summary>
    public LoadedCheckpoint? LoadLatest(
        Func<CheckpointManifest, FlatLayout> layoutOf, Action<CheckpointFault> warn, CheckpointParts parts = CheckpointParts.All,
        Predicate<CheckpointManifest>? isLeft = null)
    {
        foreach (var info in List().Where(info => info.Manifest is null || isLeft is null || !isLeft(info.Manifest)))
        {
            var loaded = Load(info, layoutOf, parts, out var fault);
            if (loaded is not null)
                return loaded;
            if (fault!.IsNewer)
                throw new UserErrorException(fault.Sentence);
            warn(fault);
        }

        return null;
    }

    /// <param name="checkpoint">One of <see cref="List"/>.</param>
    /// <exception cref="UserErrorException">It is damaged, of another model, or may not be read.</exception>
    public static LoadedCheckpoint Load(
        CheckpointInfo checkpoint, Func<CheckpointManifest, FlatLayout> layoutOf, CheckpointParts parts = CheckpointParts.All)
    {
        return Load(checkpoint, layoutOf, parts, out var fault) ?? throw new UserErrorException(fault!.Sentence);
    }

    internal static string NameOf(long step) => $"{NamePrefix}{step:00000000}";

    public string PathOf(long step) => System.IO.Path.Combine(Path, NameOf(step));

    internal IEnumerable<long> Steps()
    {
        if (!Directory.Exists(Path))
            yield break;
        foreach (var directory in Directory.EnumerateDirectories(Path, NamePrefix + "*"))
        {
            var name = System.IO.Path.GetFileName(directory);
            var digits = name.AsSpan(NamePrefix.Length);
            if (long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var step) && name == NameOf(step))
                yield return step;
        }
    }

    private static CheckpointFault Fault(string path, long step, string what) =>
        new(path, step, $"The checkpoint {path} is not usable: {what}.");

    private static CheckpointFault Altered(CheckpointInfo checkpoint, CheckpointFile file) =>
        Fault(checkpoint.Path, checkpoint.Step, $"{file.Name} is corrupt or truncated (hash or size does not match the manifest)");

    internal CheckpointInfo Inspect(long step)
    {
        var path = PathOf(step);
        try
        {
            var manifestPath = System.IO.Path.Combine(path, ManifestFile.Name);
            var manifestInfo = new FileInfo(manifestPath);
            if (!manifestInfo.Exists)
                throw new InvalidDataException($"{ManifestFile.Name} is missing");
            if (manifestInfo.Length > ManifestFile.MaximumLength)
                throw new InvalidDataException($"{ManifestFile.Name} is {manifestInfo.Length} bytes long, too long for a manifest");
            var manifest = ManifestFile.Read(manifestPath, File.ReadAllBytes(manifestPath));
            if (manifest.Facts.Step != step)
                throw new InvalidDataException($"its manifest is for step {manifest.Facts.Step}");
            foreach (var name in new[] { WeightsFile, OptimizerFile })
            {
                var file = manifest.Files.FirstOrDefault(file => file.Name == name)
                    ?? throw new InvalidDataException($"its manifest does not list {name}");
                var info = new FileInfo(System.IO.Path.Combine(path, name));
                if (!info.Exists)
                    throw new InvalidDataException($"{name} is missing");
                if (info.Length != file.Size)
                    throw new InvalidDataException($"{name} has {info.Length} bytes, its manifest says {file.Size}");
            }

            return new CheckpointInfo(path, step, manifest, null) { ProvedAt = GoodMarker.Read(path, manifest.WeightsHash) };
        }
        catch (InvalidDataException exception)
        {
            return new CheckpointInfo(path, step, null, Fault(path, step, exception.Message));
        }
        catch (UserErrorException exception)
        {
            return new CheckpointInfo(path, step, null, new CheckpointFault(path, step, exception.Message, IsNewer: true));
        }
        catch (IOException exception)
        {
            return new CheckpointInfo(path, step, null, Fault(path, step, $"it cannot be read ({Disk.Reason(exception)})"));
        }
    }

    private static LoadedCheckpoint? Load(
        CheckpointInfo checkpoint, Func<CheckpointManifest, FlatLayout> layoutOf, CheckpointParts parts, out CheckpointFault? fault)
    {
        fault = checkpoint.Fault;
        if (checkpoint.Manifest is not { } manifest)
            return null;
        var layout = layoutOf(manifest);
        var buffers = new List<HostBuffer>();
        try
        {
            var weights = Allocate(buffers, layout);
            fault = ReadFile(checkpoint, manifest, WeightsFile, layout, new() { [string.Empty] = weights });
            HostBuffer? first = null, second = null;
            if (fault is null && parts == CheckpointParts.All)
            {
                (first, second) = (Allocate(buffers, layout), Allocate(buffers, layout));
                fault = ReadFile(
                    checkpoint, manifest, OptimizerFile, layout, new() { [FirstMomentPrefix] = first, [SecondMomentPrefix] = second });
            }

            if (fault is null)
            {
                buffers.Clear();
                return new LoadedCheckpoint(checkpoint.Path, manifest, layout, weights, first, second);
            }

            return null;
        }
        catch (UnauthorizedAccessException exception)
        {
            throw Disk.Explain(exception, $"Cannot load the checkpoint {checkpoint.Path}");
        }
        finally
        {
            buffers.ForEach(static buffer => buffer.Dispose());
        }
    }

    private static HostBuffer Allocate(List<HostBuffer> buffers, FlatLayout layout)
    {
        var buffer = new HostBuffer(layout.Length * sizeof(float));
        buffers.Add(buffer);
        return buffer;
    }

    /// <summary>Reads one file into flat buffers, one per name prefix. If a file does not fit the layout, its hash tells whether it was
    /// altered.</summary>
    private static CheckpointFault? ReadFile(
        CheckpointInfo checkpoint, CheckpointManifest manifest, string name, FlatLayout layout, Dictionary<string, HostBuffer> buffers)
    {
        var known = manifest.Files.First(file => file.Name == name);
        try
        {
            using var file = SafetensorsFile.Open(System.IO.Path.Combine(checkpoint.Path, name));
            var places = FlatTensors.Match(file, layout, buffers);
            return file.ReadAll(entry => places.GetValueOrDefault(entry.Name)) == known.Sha256 ? null : Altered(checkpoint, known);
        }
        catch (UserErrorException)
        {
            if (Verify(checkpoint) is { } fault)
                return fault;
            throw;
        }
        catch (IOException exception)
        {
            return Fault(checkpoint.Path, checkpoint.Step, $"{name} cannot be read ({Disk.Reason(exception)})");
        }
    }
}
