using System.Text.Json;
using ActorTrain.Data.Sources;
using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Data.Chats;

/// <param name="Place">Such as <c>chats.jsonl, line 3</c>.</param>
/// <param name="BytesRead">Bytes of all files on disk read so far; for progress.</param>
public readonly record struct PlacedGroup(ChatGroup Group, string Place, long BytesRead);

/// <summary>Streams chats, pairs, rankings or prompts from <c>.jsonl</c> and Parquet files, one in memory at a time.</summary>
/// <remarks>A malformed record is rejected by its file and line, or with <see cref="SourceOptions.Lenient"/> skipped and counted:
/// <see cref="Omissions"/>.</remarks>
public sealed class ChatReader
{
    /// <summary>Extensions that are read in folders, each also with <c>.gz</c>.</summary>
    public static readonly IReadOnlyList<string> Endings = [".jsonl", ".ndjson", ".parquet"];

    private static readonly JsonDocumentOptions Depth = new() { MaxDepth = 1024 };

    private readonly SourceOptions options;
    private readonly DataKind kind;
    private readonly ChatTemplate template;
    private readonly SourceFiles found;
    private Tally tally;

    /// <param name="kind">Not text.</param>
    /// <param name="template">Decides which orders of messages are valid.</param>
    /// <param name="cancellation">Ends the listing of folders.</param>
    /// <exception cref="UserErrorException">An option is invalid, or an input matches no file.</exception>
    public ChatReader(SourceOptions options, DataKind kind, ChatTemplate template, CancellationToken cancellation = default)
    {
        options.Require();
        (this.options, this.kind, this.template) = (options, kind, template);
        found = new SourceFiles(options.Inputs, Endings, cancellation);
        tally = new Tally(kind);
        TotalBytes = Files.Sum(static file => file.Length);
    }

    /// <summary>In reading order.</summary>
    public IReadOnlyList<SourceFile> Files => found.Files;

    /// <summary>On disk, in bytes.</summary>
    public long TotalBytes { get; }

    /// <summary>What is in the files but was not read, as of the last complete reading.</summary>
    public Omissions Omissions => new(found.PassedOver, found.Special, found.Doubles, tally.EmptyFiles, [], tally.Replaced)
    {
        BadRecords = [.. tally.BadRecords.Select(static bad => new BadRecordCount(bad.Key, bad.Value.Count, bad.Value.First))],
        IgnoredFields = tally.Records.Ignored,
        IgnoredMessageFields = tally.Records.IgnoredOfMessages,
    };

    /// <summary>Reads all records from the beginning.</summary>
    /// <exception cref="UserErrorException">While enumerating: a file is empty or unreadable, or a record is malformed.</exception>
    public IEnumerable<PlacedGroup> Read(CancellationToken cancellation = default)
    {
        tally = new Tally(kind);
        var bytesBefore = 0L;
        foreach (var file in Files)
        {
            var hasRecord = false;
            foreach (var (record, place, bytes) in RecordsOf(file, cancellation))
            {
                cancellation.ThrowIfCancellationRequested();
                hasRecord = true;
                if (GroupOf(record, place) is { } group)
                    yield return new PlacedGroup(group, place, bytesBefore + bytes);
            }

            if (!hasRecord && !options.Lenient)
                throw new UserErrorException(
                    $"{file.Path} is empty: "
                    + (Files.Count > 1 ? "remove it from --input, or pass --lenient to skip empty files." : "name a file with records."));
            if (!hasRecord)
                tally.EmptyFiles.Add(file.Path);
            bytesBefore += file.Length;
        }
    }

    private IEnumerable<(ReadOnlyMemory<byte> Record, string Place, long BytesRead)> RecordsOf(
        SourceFile file, CancellationToken cancellation)
    {
        if (ParquetRows.Are(file, cancellation))
        {
            foreach (var (row, number, bytes) in ParquetRows.Of(file, cancellation))
                yield return (row, $"{file.Path}, row {number}", bytes);
            yield break;
        }

        var replaced = options.Lenient ? new Replacements() : null;
        using var buffer = new TextBuffer(file, replaced, cancellation);
        RecordLines.SkipMark(buffer);
        foreach (var (line, number) in RecordLines.Of(file, buffer, replaced))
        {
            if (RecordLines.IsBlank(line))
                continue;
            if (line.Span.TrimStart(" \t\r"u8)[0] == '[')
                throw new UserErrorException(
                    $"{file.Path}, line {number}, begins a JSON array, but each line must be an object: "
                    + $"convert it (jq -c '.[]' {file.Path} > NAME.jsonl).");
            var record = replaced is null ? line : SurrogateEscapes.Repaired(line, replaced);
            yield return (record, $"{file.Path}, line {number}", buffer.BytesRead);
        }

        if (replaced is { Count: > 0 })
            tally.Replaced.Add(new FileCount(file.Path, replaced.Count));
    }

    private ChatGroup? GroupOf(ReadOnlyMemory<byte> record, string place)
    {
        try
        {
            using var parsed = Parsed(record);
            var group = tally.Records.Read(parsed.RootElement);
            template.Require(group);
            return group;
        }
        catch (BadRecordException bad) when (options.Lenient)
        {
            tally.Count(bad.Reason, place);
            return null;
        }
        catch (BadRecordException bad)
        {
            throw new UserErrorException($"{place}, {bad.Message}: {bad.Fix}, or pass --lenient to skip such records.", bad);
        }
    }

    private static JsonDocument Parsed(ReadOnlyMemory<byte> record)
    {
        try
        {
            var parsed = JsonDocument.Parse(record, Depth);
            if (parsed.RootElement.ValueKind is JsonValueKind.Object)
                return parsed;
            parsed.Dispose();
            throw NoObject(null);
        }
        catch (JsonException error)
        {
            throw NoObject(error);
        }
    }

    private static BadRecordException NoObject(JsonException? error) => new(
        "that are not JSON objects", $"is not a JSON object (at byte {error?.BytePositionInLine ?? 0} of the line)", "fix it or remove it",
        error);

    private sealed class Tally(DataKind kind)
    {
        public ChatRecord Records { get; } = new(kind);

        public List<string> EmptyFiles { get; } = [];

        public List<FileCount> Replaced { get; } = [];

        /// <summary>By reason, in order of first occurrence.</summary>
        public OrderedDictionary<string, (long Count, string First)> BadRecords { get; } = [];

        public void Count(string reason, string place) =>
            BadRecords[reason] = BadRecords.TryGetValue(reason, out var known) ? (known.Count + 1, known.First) : (1, place);
    }
}
