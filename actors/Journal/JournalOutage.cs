namespace ActorTrain.Actors.Journal;

/// <summary>Whether the journal's database is unavailable: shared by all lives of a <see cref="RunJournal"/>, so that an outage is reported
/// once, however often the actor is restarted.</summary>
public sealed class JournalOutage
{
    private int isAway;

    /// <returns>Whether the outage is new.</returns>
    public bool Begin() => Interlocked.Exchange(ref isAway, 1) == 0;

    public void End() => Volatile.Write(ref isAway, 0);
}
