namespace ActorTrain.Persistence.Logs;

/// <summary>The state of a log with branches after some of its lines.</summary>
internal sealed class BranchState
{
    // Branches with a part in the current line; each continues the one below it, and begins no earlier.
    private readonly Stack<Branch> line = new([Branch.Root]);

    public Branch Newest { get; private set; } = Branch.Root;

    public bool HasRows { get; private set; }

    public long Update { get; private set; }

    public long LastStep { get; private set; }

    public int ParentAt(long after) => line.First(branch => branch.After <= after).Number;

    /// <returns>Whether it can follow the lines so far.</returns>
    public bool Take(Branch branch)
    {
        if (branch.Number <= Newest.Number || branch.Update < Update || branch.Parent != ParentAt(branch.After))
            return false;
        while (line.Peek().After > branch.After)
            line.Pop();
        line.Push(branch);
        (Newest, HasRows, Update, LastStep) = (branch, false, branch.Update, Math.Min(LastStep, branch.After));
        return true;
    }

    /// <returns>Whether it can follow the lines so far.</returns>
    public bool Take(RowStamp stamp, long step, bool isStep)
    {
        if (stamp.Branch != Newest.Number || (stamp.Branch > 0 && stamp.Update < Update))
            return false;
        (HasRows, Update) = (true, Math.Max(Update, stamp.Update));
        if (isStep)
            LastStep = step;
        return true;
    }
}
