using System.Globalization;

namespace ActorTrain.Host.Reports;

/// <param name="Step">Updates that it has seen.</param>
/// <param name="State"><c>good</c>, <c>unproved</c>, <c>void</c> or <c>damaged</c>.</param>
/// <param name="CreatedAt">Null if its manifest is unreadable.</param>
/// <param name="WeightsHash">SHA-256 of its weights.</param>
/// <param name="ProvedAt">Updates at which it was found good.</param>
/// <param name="Skipped">Positions of the sample stream that its overrides skip.</param>
/// <param name="RateFactor">Learning-rate factor of its overrides.</param>
/// <param name="Fault">In one sentence.</param>
/// <param name="IsSurplus">Whether it is eligible for deletion; null if that was not requested.</param>
internal sealed record CheckpointRow(
    long Step, string State, DateTimeOffset? CreatedAt, long Bytes, string? WeightsHash, long? ProvedAt, long Skipped, double RateFactor,
    string? Fault, bool? IsSurplus);

/// <summary>The checkpoints of a run, newest first.</summary>
/// <param name="Verified">Whether every file was hashed.</param>
/// <param name="Pruned">Whether surplus ones were deleted.</param>
/// <param name="Checkpoints">Before any deletion.</param>
/// <param name="Notes">What could not be read, in sentences.</param>
internal sealed record CheckpointsDocument(string Run, bool Verified, bool Pruned, IReadOnlyList<CheckpointRow> Checkpoints,
    IReadOnlyList<string> Notes);

internal static class CheckpointsReport
{
    private const int HashDigits = 12;
    private static readonly string[] Units = ["B", "kB", "MB", "GB", "TB"];

    public static void Write(CheckpointsDocument document, DateTimeOffset now, TextWriter output)
    {
        foreach (var note in document.Notes)
            output.WriteLine(note);
        if (document.Checkpoints.Count == 0)
        {
            output.WriteLine($"{document.Run} has no checkpoint yet.");
            return;
        }

        List<string[]> lines = [["step", "age", "size", "weights", "state", "overrides"]];
        lines.AddRange(document.Checkpoints.Select(row => Line(row, now)));
        var widths = Enumerable.Range(0, lines[0].Length).Select(column => lines.Max(line => line[column].Length)).ToList();
        for (var i = 0; i < lines.Count; i++)
        {
            output.WriteLine(string.Join("  ",
                lines[i].Select((cell, column) => column < 3 ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))).TrimEnd());
            if (i > 0 && document.Checkpoints[i - 1].Fault is { } fault)
                output.WriteLine($"  {fault}");
        }

        var surplus = document.Checkpoints.Where(static row => row.IsSurplus == true)
            .Select(static row => row.Step.ToString(CultureInfo.InvariantCulture)).ToList();
        if (surplus.Count > 0)
            output.WriteLine($"{(document.Pruned ? "Deleted" : "Eligible for deletion")}: {(surplus.Count == 1 ? "step" : "steps")} "
                + $"{string.Join(", ", surplus)}.");
        else if (document.Checkpoints.Any(static row => row.IsSurplus is not null))
            output.WriteLine("No checkpoint is eligible for deletion.");
        if (document.Verified && document.Checkpoints.All(static row => row.Fault is null))
            output.WriteLine("All files match their manifests.");
    }

    private static string[] Line(CheckpointRow row, DateTimeOffset now) =>
    [
        row.Step.ToString(CultureInfo.InvariantCulture),
        row.CreatedAt is { } created ? Age(now - created) : "-",
        row.Bytes > 0 ? Size(row.Bytes) : "-",
        row.WeightsHash is { } hash ? hash[..Math.Min(HashDigits, hash.Length)] : "-",
        row.ProvedAt is { } proved && row.State == "good" ? $"good since {proved}" : row.State,
        Overrides(row),
    ];

    private static string Overrides(CheckpointRow row)
    {
        List<string> parts = [];
        if (row.Skipped > 0)
            parts.Add($"{row.Skipped} skipped");
        if (row.RateFactor != 1)
            parts.Add($"rate × {row.RateFactor:G6}");
        return string.Join(", ", parts);
    }

    private static string Age(TimeSpan age) => age switch
    {
        { Ticks: < 0 } => "0 s",
        { TotalSeconds: < 120 } => $"{age.TotalSeconds:0} s",
        { TotalMinutes: < 120 } => $"{age.TotalMinutes:0} min",
        { TotalHours: < 48 } => $"{age.TotalHours:0} h",
        _ => $"{age.TotalDays:0} d",
    };

    private static string Size(long bytes)
    {
        double size = bytes;
        var unit = 0;
        for (; size >= 1000 && unit < Units.Length - 1; unit++)
            size /= 1000;
        return $"{size:0.#} {Units[unit]}";
    }
}
