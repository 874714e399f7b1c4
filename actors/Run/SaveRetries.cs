using ActorTrain.Actors.Supervision;

namespace ActorTrain.Actors.Run;

/// <summary>Retries of failed saves with exponential backoff; the failure is logged once.</summary>
internal sealed class SaveRetries(TimeSpan first)
{
    private readonly Backoff backoff = new(first, 16 * first);
    private bool isRefused;

    /// <summary>When the next retry is due; null if none is.</summary>
    public DateTimeOffset? At { get; private set; }

    /// <summary>The current backoff.</summary>
    public TimeSpan Wait => backoff.Wait;

    public void NoteBegun() => At = null;

    /// <returns>Whether the refusal is the first.</returns>
    public bool NoteRefused(DateTimeOffset now)
    {
        At = now + backoff.Next();
        var isNews = !isRefused;
        isRefused = true;
        return isNews;
    }

    /// <returns>Whether the previous save was refused.</returns>
    public bool NoteSaved()
    {
        var wasRefused = isRefused;
        isRefused = false;
        backoff.Reset();
        return wasRefused;
    }

    /// <summary>Whether a retry is due now; resets it.</summary>
    public bool TakeDue(DateTimeOffset now)
    {
        if (At is not { } due || now < due)
            return false;
        At = null;
        return true;
    }
}
