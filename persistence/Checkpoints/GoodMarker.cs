using System.Globalization;
using System.Text;
using ActorTrain.Models.Files;

namespace ActorTrain.Persistence.Checkpoints;

/// <summary>The small file beside a checkpoint's own that says that it has proved good: one line, the updates at which that was known, and
/// the hash of the weights of which it was said. The manifest never changes.</summary>
internal static class GoodMarker
{
    public const string Name = "good";
    private const int MaximumLength = 1024;

    /// <summary>Updates at which the checkpoint proved good; null where no marker says so of these weights.</summary>
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
            // Without it the checkpoint is as whole as before; it has yet to prove good again.
            return null;
        }
    }

    public static void Write(string checkpoint, string weightsHash, long provedAt) =>
        Disk.Replace(Path.Combine(checkpoint, Name), Encoding.UTF8.GetBytes($"{provedAt} {weightsHash}\n"));
}
