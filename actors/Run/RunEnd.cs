using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>Why a run is to end, how far that is, and which of its actors cannot be counted on for it.</summary>
internal sealed class RunEnd
{
    private readonly HashSet<ActorRole> lostActors = [];
    private DateTimeOffset recordedAt;

    /// <summary>On whose behalf it is to stop; null: on nobody's.</summary>
    public string? StopReason { get; private set; }

    /// <summary>Why it cannot continue; null: it can.</summary>
    public string? Failure { get; private set; }

    /// <summary>Whether it is to end before its last step.</summary>
    public bool IsEnding => StopReason is not null || Failure is not null;

    /// <summary>Whether its end is decided, so that nothing changes any more.</summary>
    public bool IsRecorded { get; private set; }

    public bool IsOver { get; private set; }

    /// <summary>It is to stop in order. The first reason counts.</summary>
    public void Stop(string reason) => StopReason ??= reason;

    /// <summary>It cannot continue. The first reason counts.</summary>
    public void Fail(string reason) => Failure ??= reason;

    /// <summary>Its last state cannot be saved, which is worse than whatever made it end.</summary>
    public void FailUnsaved(string reason) => Failure = reason;

    /// <summary>An actor is not restarted any more.</summary>
    public void NoteLost(ActorRole actor) => lostActors.Add(actor);

    /// <summary>Whether an actor is not restarted any more.</summary>
    public bool IsLost(ActorRole actor) => lostActors.Contains(actor);

    /// <summary>The decision that ends it is taken.</summary>
    public void NoteRecorded(DateTimeOffset now)
    {
        if (IsRecorded)
            throw new InvariantException("A run can end only once.");
        (IsRecorded, recordedAt) = (true, now);
    }

    /// <summary>So long ago its end was decided.</summary>
    public TimeSpan Since(DateTimeOffset now) => now - recordedAt;

    public void NoteOver()
    {
        if (!IsRecorded || IsOver)
            throw new InvariantException("A run can be over only once, after its end was decided.");
        IsOver = true;
    }
}
