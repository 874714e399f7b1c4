using System.Security.Cryptography;
using ActorTrain.Models.Storage;

namespace ActorTrain.Persistence.Checkpoints;

public static class WeightsDigest
{
    private const int ChunkLength = 4 << 20;

    /// <summary>SHA-256 of the parameters' float32 bytes, concatenated in layout order without gaps.</summary>
    /// <returns>Lower-case hexadecimal; equals <see cref="CheckpointManifest.WeightsHash"/> of a checkpoint of these weights.</returns>
    public static string Of(FlatLayout layout, HostBuffer weights)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var entry in layout.Entries)
        {
            var length = entry.Count * sizeof(float);
            for (long done = 0; done < length; done += ChunkLength)
                hash.AppendData(weights.Slice((entry.Offset * sizeof(float)) + done, (int)Math.Min(ChunkLength, length - done)));
        }

        GC.KeepAlive(weights);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
