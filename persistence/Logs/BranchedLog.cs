using ActorTrain.Models;
using ActorTrain.Persistence.Terms;

namespace ActorTrain.Persistence.Logs;

/// <summary>An append-only log of rows per step, with branches for steps that a run computes again. The cost of a branch does not grow with
/// the run.</summary>
/// <remarks>It knows about where each step's newest row is, so a redone step is compared without another pass over the file.</remarks>
public abstract class BranchedLog<TRow> : IDisposable
    where TRow : class
{
    private readonly BranchedFormat<TRow> format;
    private readonly JsonLinesLog<LogEntry<TRow>> log;
    private readonly BranchState state = new();
    private readonly StepPlaces places = new();

    // Steps on the current line with rows other than the step's own.
    private readonly List<long> others = [];

    private protected BranchedLog(BranchedFormat<TRow> format, string path, long durable, RunTerm? term)
    {
        this.format = format;
        log = new JsonLinesLog<LogEntry<TRow>>(
            format.Lines,
            path,
            line =>
            {
                format.Follow(state, line, path);
                if (line.Row!.Branch is { } branch)
                    Forget(branch.After);
                else
                    Remember(line.Row.Row!.Row, line.Row.Row.Stamp.Decisions, line.Offset);
            },
            () => state.LastStep >= durable,
            static entry => entry.Branch is not null,
            term);
    }

    public Branch Newest => state.Newest;

    /// <summary>Commits that the log has seen.</summary>
    public long Update => state.Update;

    /// <summary>Whether the newest branch begins after this step and has no rows, so that it can be reused.</summary>
    public bool IsUntouched(long after) => state.Newest is { Number: > 0 } newest && newest.After == after && !state.HasRows;

    public bool Holds(TRow row) =>
        format.IsStep(row) ? format.StepOf(row) <= state.LastStep : others is [.., var last] && format.StepOf(row) <= last;

    /// <summary>Opens a branch, which abandons later rows of the current line.</summary>
    /// <param name="after">The step that its first row follows.</param>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public void OpenBranch(int number, long after, BranchCause cause, string reason, DateTimeOffset time, string writer)
    {
        var branch = new Branch(number, state.ParentAt(after), after, state.Update, cause, reason, time, writer);
        if (number <= state.Newest.Number || after < 0)
            throw new InvariantException($"{branch} cannot follow branch {state.Newest.Number}.");

        // Everything before a branch is durable, so that no power cut can tear it.
        log.Flush();
        log.Append(new LogEntry<TRow>(branch, null));
        state.Take(branch);
        Forget(after);
    }

    /// <summary>Adds a row to the newest branch.</summary>
    /// <param name="stamp">Its branch must be the newest.</param>
    /// <returns>The difference from an earlier row of the step, computed from the same decisions; null if there is none.</returns>
    /// <exception cref="UserErrorException">A disk error; the file ends with the previous row.</exception>
    public UnequalStep? Append(TRow row, RowStamp stamp)
    {
        if (stamp.Branch != state.Newest.Number || stamp.Update < state.Update || stamp.Branch == 0)
            throw new InvariantException($"A row of {stamp} cannot follow update {state.Update} of branch {state.Newest.Number}.");
        var step = format.StepOf(row);
        var before = format.IsStep(row) && places.Find(step, stamp.Decisions ?? "") is { } place
            ? log.FirstFrom(place, entry => entry.Row is { } other && format.IsStep(other.Row) && format.StepOf(other.Row) == step)?.Row
            : null;
        var offset = log.Append(new LogEntry<TRow>(null, new Stamped<TRow>(stamp, row)));
        state.Take(stamp, step, format.IsStep(row));
        Remember(row, stamp.Decisions, offset);
        return before is not null && format.Difference(before.Row, row) is { } difference
            ? new UnequalStep(step, before.Stamp.Branch, stamp.Branch, difference)
            : null;
    }

    /// <summary>Makes all rows so far durable against a power cut.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    public void Flush() => log.Flush();

    public void Dispose()
    {
        log.Dispose();
        GC.SuppressFinalize(this);
    }

    private void Remember(TRow row, string? decisions, long offset)
    {
        if (format.IsStep(row))
            places.Add(format.StepOf(row), decisions ?? "", offset);
        else
            others.Add(format.StepOf(row));
    }

    private void Forget(long after)
    {
        while (others is [.., var last] && last > after)
            others.RemoveAt(others.Count - 1);
    }
}
