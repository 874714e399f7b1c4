using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Persistence.Files;

namespace ActorTrain.Persistence.Goodput;

/// <summary>Where the time of a run went: a file of JSON lines, only ever appended to, whatever the run goes back to.</summary>
public sealed class GoodputLog : StepLog<GoodputRow>
{
    private static readonly StepLogFormat<GoodputRow> Format = new(
        "goodput file",
        "row of goodput",
        static row => row.Reached,
        static row => JsonSerializer.SerializeToUtf8Bytes(row, GoodputJson.Default.GoodputRow),
        Parse);

    private GoodputLog(string path)
        : base(Format, path, long.MaxValue)
    {
    }

    /// <summary>Opens the file to go on; it is made when missing, and a torn last line is cut away.</summary>
    /// <exception cref="UserErrorException">Another line is no row, or the disk refused; the file is as it was.</exception>
    public static GoodputLog Open(string path) => new(path);

    /// <summary>Reads the rows one by one, also while a run appends to them; a torn last line is passed over, a missing file has none.</summary>
    /// <exception cref="UserErrorException">Another line is no row; the sentence names it.</exception>
    public static IEnumerable<GoodputRow> Read(string path) => Format.Read(path);

    // A row whose parts do not make its whole is none.
    private static GoodputRow? Parse(string line) =>
        JsonSerializer.Deserialize(line, GoodputJson.Default.GoodputRow) is { Shares: not null } row
        && row.Shares.All(static share => share.Time >= TimeSpan.Zero && share.Begun >= 0)
        && row.Shares.Sum(static share => share.Time.Ticks) == (row.To - row.From).Ticks
            ? row
            : null;
}
