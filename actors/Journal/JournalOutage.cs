namespace ActorTrain.Actors.Journal;

/// <summary>Whether the journal's database is away: one object for all lives of a <see cref="RunJournal"/>, so that an outage is reported
/// once, however often the actor is restarted in vain.</summary>
public sealed class JournalOutage
{
    private int isAway;

    /// <returns>Whether that is news.</returns>
    public bool Begin() => Interlocked.Exchange(ref isAway, 1) == 0;

    public void End() => Volatile.Write(ref isAway, 0);
}
