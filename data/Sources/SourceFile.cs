using System.IO.Compression;

namespace ActorTrain.Data.Sources;

/// <summary>One file to read.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Length">Its size on disk in bytes.</param>
public sealed record SourceFile(string Path, long Length)
{
    private static readonly string[] TextEndings = [".txt", ".text", ".md"];
    private static readonly string[] RecordEndings = [".jsonl", ".ndjson"];

    // Without this switch, which is read when the process first inflates anything, GZipStream takes a file cut short for a whole one.
    static SourceFile() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    /// <summary>The endings by which a folder's texts are known, <c>.gz</c> left off.</summary>
    public static IEnumerable<string> KnownEndings => TextEndings.Concat(RecordEndings);

    /// <summary>Whether the file is gzip.</summary>
    public bool IsCompressed => HasEnding(Path, ".gz");

    /// <summary>Whether each line is a JSON record.</summary>
    public bool HoldsRecords => RecordEndings.Any(ending => HasEnding(Uncompressed(Path), ending));

    /// <summary>Whether a file found in a folder is taken for text.</summary>
    public static bool IsKnown(string path) => KnownEndings.Any(ending => HasEnding(Uncompressed(path), ending));

    /// <summary>Opens the text; <paramref name="onDisk"/> is the stream whose position tells how much of the file is read.</summary>
    internal Stream Open(out FileStream onDisk)
    {
        onDisk = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
        return IsCompressed ? new GZipStream(onDisk, CompressionMode.Decompress) : onDisk;
    }

    private static bool HasEnding(string path, string ending) => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase);

    private static string Uncompressed(string path) => HasEnding(path, ".gz") ? path[..^3] : path;
}
