using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Why and how far a run is ending, and which of its actors are lost.</summary>
internal sealed class RunEnd
{
    private readonly HashSet<ActorRole> lostActors = [];
    private DateTimeOffset recordedAt;

    /// <summary>Why it stops; null if no stop was requested.</summary>
    public string? StopReason { get; private set; }

    public string? Failure { get; private set; }

    /// <summary>Whether it ends before its last step.</summary>
    public bool IsEnding => StopReason is not null || Failure is not null;

    /// <summary>Whether its end is decided, so that no further decision is taken.</summary>
    public bool IsRecorded { get; private set; }

    public bool IsOver { get; private set; }

    /// <summary>Requests an orderly stop. The first reason counts.</summary>
    public void Stop(string reason) => StopReason ??= reason;

    /// <summary>Fails the run. The first reason counts.</summary>
    public void Fail(string reason) => Failure ??= reason;

    /// <summary>The last state cannot be saved; this replaces every earlier reason.</summary>
    public void FailUnsaved(string reason) => Failure = reason;

    /// <summary>An actor reached its restart limit.</summary>
    public void NoteLost(ActorRole actor) => lostActors.Add(actor);

    public bool IsLost(ActorRole actor) => lostActors.Contains(actor);

    public void NoteRecorded(DateTimeOffset now)
    {
        if (IsRecorded)
            throw new InvariantException("A run can end only once.");
        (IsRecorded, recordedAt) = (true, now);
    }

    public TimeSpan Since(DateTimeOffset now) => now - recordedAt;

    /// <summary>Another process leads the run: nothing more is decided, saved or written.</summary>
    public void Yield() => (IsRecorded, IsOver) = (true, true);

    public void NoteOver()
    {
        if (!IsRecorded || IsOver)
            throw new InvariantException("A run can be over only once, after its end was decided.");
        IsOver = true;
    }
}
