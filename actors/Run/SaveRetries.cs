using ActorTrain.Actors.Supervision;

namespace ActorTrain.Actors.Run;

/// <summary>Retries of failed saves with exponential backoff; the failure is logged once.</summary>
internal sealed class SaveRetries(TimeSpan first)
{
    private readonly Backoff backoff = new(first, 16 * first);
    private bool isRefused;

    /// <summary>When it is asked again; null: it is not.</summary>
    public DateTimeOffset? At { get; private set; }

    /// <summary>How long it is left alone at present.</summary>
    public TimeSpan Wait => backoff.Wait;

    /// <summary>A checkpoint is being written.</summary>
    public void NoteBegun() => At = null;

    /// <returns>Whether that is news.</returns>
    public bool NoteRefused(DateTimeOffset now)
    {
        At = now + backoff.Next();
        var isNews = !isRefused;
        isRefused = true;
        return isNews;
    }

    /// <summary>A checkpoint is on disk.</summary>
    /// <returns>Whether the disk had refused the last.</returns>
    public bool NoteSaved()
    {
        var wasRefused = isRefused;
        isRefused = false;
        backoff.Reset();
        return wasRefused;
    }

    /// <summary>Whether it is to be asked again now; it is then not due any more.</summary>
    public bool TakeDue(DateTimeOffset now)
    {
        if (At is not { } due || now < due)
            return false;
        At = null;
        return true;
    }
}
