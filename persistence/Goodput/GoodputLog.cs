using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Persistence.Logs;

namespace ActorTrain.Persistence.Goodput;

/// <summary>Where the time of a run went: a file of JSON lines; see docs/formats.md. Time passes on whatever branch the run is, so it has
/// none.</summary>
public static class GoodputLog
{
    private static readonly JsonLinesFormat<GoodputRow> Format = new(
        "goodput file",
        "row of goodput",
        static row => JsonSerializer.SerializeToUtf8Bytes(row, GoodputJson.Default.GoodputRow),
        Parse);

    /// <summary>Opens the file to append to it; it is made when missing, and a torn last line is cut away.</summary>
    /// <exception cref="UserErrorException">Another line is no row, or the disk refused; the file is as it was.</exception>
    public static JsonLinesLog<GoodputRow> Open(string path) => new(Format, path);

    /// <summary>Reads the rows one by one, also while a run appends to them; a torn last line is passed over, a missing file has
    /// none.</summary>
    /// <exception cref="UserErrorException">Another line is no row; the sentence names it.</exception>
    public static IEnumerable<GoodputRow> Read(string path) => Format.Read(path).Select(static line => line.Row!);

    // A row whose parts do not make its whole is none.
    private static GoodputRow? Parse(byte[] line) =>
        JsonSerializer.Deserialize(line, GoodputJson.Default.GoodputRow) is { } row
        && row.Shares.All(static share => share.Time >= TimeSpan.Zero && share.Begun >= 0)
        && row.Shares.Sum(static share => share.Time.Ticks) == (row.To - row.From).Ticks
            ? row
            : null;
}
