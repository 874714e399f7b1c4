using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Terms;

namespace ActorTrain.Persistence.Goodput;

/// <summary>The time account of a run: a file of JSON lines without branches; see docs/formats.md.</summary>
public static class GoodputLog
{
    private static readonly JsonLinesFormat<GoodputRow> Format = new(
        "goodput file",
        "row of goodput",
        static row => JsonSerializer.SerializeToUtf8Bytes(row, GoodputJson.Default.GoodputRow),
        Parse);

    /// <summary>Opens the file to append to it; creates it if missing, and cuts off a torn last line.</summary>
    /// <exception cref="UserErrorException">Another line is not a row, or a disk error; the file is unchanged.</exception>
    public static JsonLinesLog<GoodputRow> Open(string path, RunTerm? term = null) => new(Format, path, term: term);

    /// <summary>Reads the rows one by one, even while a run appends to them; skips a torn last line; a missing file has none.</summary>
    /// <exception cref="UserErrorException">Another line is not a row; the message names it.</exception>
    public static IEnumerable<GoodputRow> Read(string path) => Format.Read(path).Select(static line => line.Row!);

    // A row is invalid if its shares do not add up to its length.
    private static GoodputRow? Parse(byte[] line) =>
        JsonSerializer.Deserialize(line, GoodputJson.Default.GoodputRow) is { } row
        && row.Shares.All(static share => share.Time >= TimeSpan.Zero && share.Begun >= 0)
        && row.Shares.Sum(static share => share.Time.Ticks) == (row.To - row.From).Ticks
            ? row
            : null;
}
