using System.IO.Compression;
using System.Text;
using ActorTrain.Models;

namespace ActorTrain.Data.Sources;

/// <param name="Length">On disk, in bytes.</param>
public sealed record SourceFile(string Path, long Length)
{
    private static readonly string[] TextEndings = [".txt", ".text", ".md"];
    private static readonly string[] RecordEndings = [".jsonl", ".ndjson"];

    // Without this switch, which is read when the process first inflates anything, GZipStream accepts a truncated file as complete.
    static SourceFile() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    /// <summary>Extensions of text files in a folder, without <c>.gz</c>.</summary>
    public static IReadOnlyList<string> KnownEndings { get; } = [.. TextEndings, .. RecordEndings];

    public bool HoldsRecords => RecordEndings.Any(ending => HasEnding(Uncompressed(Path), ending));

    /// <summary>Whether a file in a folder has one of some extensions, with or without <c>.gz</c>.</summary>
    public static bool HasOneOf(IEnumerable<string> endings, string path) => endings.Any(ending => HasEnding(Uncompressed(path), ending));

    /// <summary>Opens the text as UTF-8: decompresses gzip and decodes UTF-16 or UTF-32, as recognized by the file's head.</summary>
    /// <param name="replaced">Counts replaced invalid characters of such an encoding; null if they are rejected.</param>
    /// <param name="onDisk">The stream whose position tells how much of the file is read.</param>
    /// <param name="compressed">What the text is decompressed from; null if the file is not gzip.</param>
    /// <exception cref="UserErrorException">The head is not that of a text.</exception>
    internal Stream Open(
        Replacements? replaced, CancellationToken cancellation, out InterruptibleFile onDisk, out GzipInput? compressed)
    {
        var file = onDisk = new InterruptibleFile(Path, cancellation);
        var head = TextFormat.HeadOf(file);
        file.Position = 0;
        var isCompressed = TextFormat.IsGzip(head);
        if (!isCompressed && HasEnding(Path, ".gz") && head.Length > 0)
            throw new UserErrorException($"{Path} ends in .gz but is not gzip: rename it, or remove it from --input.");
        if (isCompressed)
        {
            using (var peeked = new GZipStream(file, CompressionMode.Decompress, leaveOpen: true))
                head = TextFormat.HeadOf(peeked);
        }

        var gzip = compressed = isCompressed ? new GzipInput(file) : null;

        if (TextFormat.EncodingOf(head) is { } strict)
        {
            var encoding = replaced is null ? strict : Encoding.GetEncoding(strict.CodePage, EncoderFallback.ExceptionFallback, replaced);
            return Encoding.CreateTranscodingStream(Decompressed(), encoding, Encoding.UTF8);
        }

        if (TextFormat.Other(head) is var (name, fix))
            throw new UserErrorException($"{Path} is {name}, not text: {fix}.");
        return Decompressed();

        Stream Decompressed() => gzip is not null ? new GZipStream(gzip, CompressionMode.Decompress) : file;
    }

    private static bool HasEnding(string path, string ending) => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase);

    private static string Uncompressed(string path) => HasEnding(path, ".gz") ? path[..^3] : path;
}
