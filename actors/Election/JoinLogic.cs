namespace ActorTrain.Actors.Election;

internal enum JoinStep
{
    Nothing,

    /// <summary>Ask the other control processes to be admitted to their cluster, and keep asking.</summary>
    Dial,

    /// <summary>Ask the database for the right to found a cluster.</summary>
    SeekRight,

    /// <summary>Found a cluster of one, which the others will find.</summary>
    Found,
}

/// <summary>How a control process becomes a member of the cluster: it joins the others, or, if none admits it, founds one, for which it
/// needs a right that one process at a time has; has no clock, thread or actor.</summary>
/// <remarks>So any of them can be the first, whichever are missing, and two that do not see each other do not both found one. Whoever is
/// elected keeps the right, so that nobody founds a second cluster beside the one that there is.</remarks>
/// <param name="others">Control processes beside this one.</param>
/// <param name="patience">How long none of the others must have answered as a member before it seeks the right, and again after each
/// answer.</param>
internal sealed class JoinLogic(int others, TimeSpan patience)
{
    private DateTimeOffset? dueAt;
    private bool hasDialed;
    private bool isAsking;
    private bool hasFounded;
    private bool isElected;

    /// <param name="isMember">Whether this process is in a cluster, or is being admitted to one.</param>
    /// <param name="hasRight">Whether it has the right to found one.</param>
    public JoinStep Tick(DateTimeOffset now, bool isMember, bool hasRight)
    {
        if (isAsking || (isElected ? hasRight : isMember || hasFounded))
            return JoinStep.Nothing;
        if (!hasDialed && !isElected && others > 0)
        {
            (hasDialed, dueAt) = (true, now + patience);
            return JoinStep.Dial;
        }

        if (now < dueAt)
            return JoinStep.Nothing;
        isAsking = true;
        return JoinStep.SeekRight;
    }

    /// <summary>Another control process is in a cluster, which admits this one sooner or later: an earlier process at the same address has
    /// to be removed first.</summary>
    public void Hear(DateTimeOffset now) => dueAt = now + patience;

    /// <summary>This process is elected.</summary>
    public void Elect() => isElected = true;

    /// <summary>The database has answered, or failed to.</summary>
    /// <param name="hasRight">Whether this process may found a cluster.</param>
    public JoinStep Answer(bool hasRight, DateTimeOffset now, bool isMember)
    {
        (isAsking, dueAt) = (false, now + patience);
        if (!hasRight || isMember || isElected)
            return JoinStep.Nothing;
        hasFounded = true;
        return JoinStep.Found;
    }
}
