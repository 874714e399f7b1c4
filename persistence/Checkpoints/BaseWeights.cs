using ActorTrain.Models;
using ActorTrain.Models.Files;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Safetensors;

namespace ActorTrain.Persistence.Checkpoints;

/// <summary>A run's own copy of the weights that it starts with, so that it can always begin again.</summary>
/// <param name="Digest">Their <see cref="WeightsDigest"/>.</param>
public sealed record BaseWeights(string Folder, string Digest)
{
    private const string FileName = "model.safetensors";

    private string Path => System.IO.Path.Combine(Folder, FileName);

    public bool Exists => File.Exists(Path);

    /// <summary>Writes them atomically and durably.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public void Write(FlatLayout layout, HostBuffer weights) => Disk.Attempt($"Cannot write {Folder}", () => Disk.ReplaceFolder(
        Folder, Folder + ".writing", Folder + ".replaced",
        folder => SafetensorsWriter.Write(
            System.IO.Path.Combine(folder, FileName), [.. FlatTensors.Of(layout, weights, "")],
            new Dictionary<string, string> { ["format"] = "pt" })));

    /// <summary>Reads them and verifies their digest.</summary>
    /// <returns>Owned by the caller.</returns>
    /// <exception cref="UserErrorException">They cannot be read, or are damaged.</exception>
    public HostBuffer Read(FlatLayout layout)
    {
        var weights = ReadUnchecked(Folder, layout);
        if (WeightsDigest.Of(layout, weights) == Digest)
            return weights;
        weights.Dispose();
        throw new UserErrorException($"The initial weights in {Path} are damaged; delete the file, and the next start copies it again, "
            + "or restore it.");
    }

    /// <summary>Reads the weights in a folder, whatever their digest.</summary>
    /// <returns>Owned by the caller.</returns>
    /// <exception cref="UserErrorException">They cannot be read.</exception>
    internal static HostBuffer ReadUnchecked(string folder, FlatLayout layout)
    {
        var path = System.IO.Path.Combine(folder, FileName);
        var weights = new HostBuffer(layout.Length * sizeof(float));
        try
        {
            Disk.Attempt($"Cannot read {path}", () =>
            {
                using var file = SafetensorsFile.Open(path);
                var places = FlatTensors.Match(file, layout, new() { [""] = weights });
                file.ReadAll(entry => places.GetValueOrDefault(entry.Name));
            });
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }
}
