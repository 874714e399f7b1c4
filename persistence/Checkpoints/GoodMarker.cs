using System.Globalization;
using System.Text;
using ActorTrain.Models.Files;

namespace ActorTrain.Persistence.Checkpoints;

/// <summary>A small file in a checkpoint's folder that marks it as good: one line, the updates at which that was known, and the hash of the
/// weights. The manifest never changes.</summary>
internal static class GoodMarker
{
    public const string Name = "good";
    private const int MaximumLength = 1024;

    /// <summary>Updates at which the checkpoint was found good; null if no marker names these weights.</summary>
    public static long? Read(string checkpoint, string weightsHash)
    {
        var file = new FileInfo(Path.Combine(checkpoint, Name));
        if (!file.Exists || file.Length > MaximumLength)
            return null;
        try
        {
            var words = File.ReadAllText(file.FullName).TrimEnd('\n').Split(' ');
            return words is [var step, var hash] && hash == weightsHash
                && long.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var provedAt) ? provedAt : null;
        }
        catch (Exception exception) when (Disk.IsFailure(exception))
        {
            // A checkpoint without a marker is intact, but has yet to prove good again.
            return null;
        }
    }

    public static void Write(string checkpoint, string weightsHash, long provedAt) =>
        Disk.Replace(Path.Combine(checkpoint, Name), Encoding.UTF8.GetBytes($"{provedAt} {weightsHash}\n"));
}
