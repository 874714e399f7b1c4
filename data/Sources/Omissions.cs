using ActorTrain.Models;

namespace ActorTrain.Data.Sources;

/// <summary>What is in the inputs but not in the documents: skipped files and documents, and replaced characters.</summary>
/// <param name="Files">Files in input folders that are not read: hidden ones, and those without a known extension. A hidden folder is one
/// entry, with a slash at its end.</param>
/// <param name="Special">Pipes, sockets, devices and broken links in input folders.</param>
/// <param name="Doubles">Other names of files and folders that are read, such as links to them; of a folder with a slash at its
/// end.</param>
/// <param name="EmptyFiles">Files without a document.</param>
/// <param name="EmptyDocuments">By file, records whose text is empty, and separators with nothing between them.</param>
/// <param name="Replaced">By file, invalid characters replaced by U+FFFD.</param>
public sealed record Omissions(
    IReadOnlyList<string> Files, IReadOnlyList<string> Special, IReadOnlyList<string> Doubles, IReadOnlyList<string> EmptyFiles,
    IReadOnlyList<FileCount> EmptyDocuments, IReadOnlyList<FileCount> Replaced)
{
    private const int Named = 5;

    /// <summary>Records of chats that were skipped as malformed, by reason.</summary>
    public IReadOnlyList<BadRecordCount> BadRecords { get; init; } = [];

    /// <summary>Groups that were skipped or shortened as too long, in words.</summary>
    public IReadOnlyList<string> TooLong { get; init; } = [];

    /// <summary>Fields of records that were not read.</summary>
    public IReadOnlyCollection<string> IgnoredFields { get; init; } = [];

    /// <summary>Fields of the messages in records that were not read.</summary>
    public IReadOnlyCollection<string> IgnoredMessageFields { get; init; } = [];

    /// <summary>The report, one line per kind that occurs.</summary>
    public IEnumerable<string> Lines()
    {
        if (Files.Count > 0)
            yield return $"skipped {Describe(Files)}; to read such files, name them with a glob, hidden ones by their paths";
        if (Special.Count > 0)
            yield return $"skipped {Plural.Of(Special.Count, "special file")} (pipe, socket, device or broken link): {Names(Special)}";
        if (Doubles.Count > 0)
            yield return $"skipped {Plural.Of(Doubles.Count, "duplicate path")} of files and folders that are read: {Names(Doubles)}";
        if (EmptyFiles.Count > 0)
            yield return $"skipped {Plural.Of(EmptyFiles.Count, "empty file")}: {Names(EmptyFiles)}";
        if (EmptyDocuments.Count > 0)
            yield return $"skipped {Plural.Of(Total(EmptyDocuments), "empty document")} in {InFiles(EmptyDocuments)}";
        foreach (var (reason, count, first) in BadRecords)
            yield return $"skipped {Plural.Of(count, "record")} {reason}, the first in {first}";
        foreach (var line in TooLong)
            yield return line;
        if (IgnoredFields.Count > 0)
            yield return $"ignored fields of records: {Names(IgnoredFields)}";
        if (IgnoredMessageFields.Count > 0)
            yield return $"ignored fields of messages: {Names(IgnoredMessageFields)}";
        if (Replaced.Count > 0)
            yield return $"replaced {Plural.Of(Total(Replaced), "invalid character")} with U+FFFD in {InFiles(Replaced)}";
    }

    /// <summary>Counts of files by extension, each with its first name.</summary>
    public static string Describe(IReadOnlyCollection<string> files)
    {
        var endings = files.CountBy(EndingOf).OrderByDescending(static pair => pair.Value)
            .ThenBy(static pair => pair.Key, StringComparer.Ordinal).ToArray();
        return $"{string.Join(", ", endings.Take(Named).Select(static pair => $"{pair.Value} {pair.Key}"))}"
            + $"{(endings.Length > Named ? $" and {endings.Length - Named} other extensions" : "")}: {Names(files)}";
    }

    private static string EndingOf(string path) =>
        Path.GetFileName(Path.TrimEndingDirectorySeparator(path)).StartsWith('.') ? "hidden"
        : Path.GetExtension(path) is { Length: > 0 } ending ? ending : "without an extension";

    private static long Total(IEnumerable<FileCount> counts) => counts.Sum(static file => file.Count);

    private static string InFiles(IReadOnlyCollection<FileCount> counts) =>
        $"{Plural.Of(counts.Count, "file")}: {Names([.. counts.Select(static file => file.Path)])}";

    private static string Names(IReadOnlyCollection<string> files) =>
        $"{string.Join(", ", files.Take(Named))}{(files.Count > Named ? $" and {files.Count - Named} more" : "")}";
}

public readonly record struct FileCount(string Path, long Count);

/// <param name="Reason">To follow "skipped 2 records".</param>
/// <param name="First">The place of the first, such as <c>chats.jsonl, line 3</c>.</param>
public readonly record struct BadRecordCount(string Reason, long Count, string First);
