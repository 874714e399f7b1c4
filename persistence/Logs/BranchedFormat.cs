using ActorTrain.Models;

namespace ActorTrain.Persistence.Logs;

/// <summary>How the rows of a <see cref="BranchedLog{TRow}"/> are written, read and compared.</summary>
/// <param name="Name">The file in messages, such as <c>metrics file</c>.</param>
/// <param name="RowName">A line in messages, such as <c>row of metrics</c>.</param>
/// <param name="IsStep">Whether the row is the step's own, of which there is one per step.</param>
/// <param name="Difference">How two rows of one step differ that must not; null if they do not.</param>
/// <param name="Write">A row as one line of UTF-8 JSON, without its end.</param>
/// <param name="Parse">Null if the line does not belong to the log.</param>
internal sealed record BranchedFormat<TRow>(
    string Name,
    string RowName,
    Func<TRow, long> StepOf,
    Func<TRow, bool> IsStep,
    Func<TRow, TRow, string?> Difference,
    Func<RowStamp, TRow, byte[]> Write,
    Func<byte[], LogEntry<TRow>?> Parse)
    where TRow : class
{
    public JsonLinesFormat<LogEntry<TRow>> Lines { get; } = new(
        Name, RowName, entry => entry.Branch is { } branch ? LogLine.Write(branch) : Write(entry.Row!.Stamp, entry.Row.Row), Parse);

    /// <summary>Reads a log, even while a run appends to it; skips a torn last line; a missing file has no rows.</summary>
    /// <exception cref="UserErrorException">A line does not belong to the log, or cannot follow those before it; the message names
    /// it.</exception>
    public LogHistory<TRow> Read(string path, bool compares)
    {
        var state = new BranchState();
        var known = new Dictionary<(long Step, string Decisions), Stamped<TRow>>();
        List<Branch> branches = [];
        List<Stamped<TRow>> current = [];
        List<AbandonedRows<TRow>> abandoned = [];
        List<UnequalStep> unequal = [];
        long redone = 0, reached = 0;
        foreach (var line in Lines.Read(path))
        {
            Follow(state, line, path);
            if (line.Row!.Branch is { } branch)
            {
                branches.Add(branch);
                var kept = current.Count;
                while (kept > 0 && StepOf(current[kept - 1].Row) > branch.After)
                    kept--;
                if (kept == current.Count)
                    continue;
                abandoned.Add(new AbandonedRows<TRow>(branch, current[kept..]));
                current.RemoveRange(kept, current.Count - kept);
                continue;
            }

            var row = line.Row.Row!;
            current.Add(row);
            if (!IsStep(row.Row))
                continue;
            var step = StepOf(row.Row);
            reached = Math.Max(reached, step);
            if (!compares)
                continue;
            if (known.TryGetValue((step, row.Stamp.Decisions ?? ""), out var before))
            {
                redone++;
                if (Difference(before.Row, row.Row) is { } difference)
                    unequal.Add(new UnequalStep(step, before.Stamp.Branch, row.Stamp.Branch, difference));
            }

            known[(step, row.Stamp.Decisions ?? "")] = row;
        }

        return new LogHistory<TRow>(branches, current, abandoned) { Reached = reached, Redone = redone, Unequal = unequal };
    }

    /// <exception cref="UserErrorException">It cannot follow those before it.</exception>
    public void Follow(BranchState state, JsonLine<LogEntry<TRow>> line, string path)
    {
        var follows = line.Row!.Branch is { } branch
            ? state.Take(branch)
            : state.Take(line.Row.Row!.Stamp, StepOf(line.Row.Row.Row), IsStep(line.Row.Row.Row));
        if (!follows)
        {
            throw new UserErrorException(
                $"{path}, line {line.Number}: branch or update does not follow from the lines before it; remove that line.");
        }
    }
}
