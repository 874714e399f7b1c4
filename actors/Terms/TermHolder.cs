using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Terms;

/// <summary>What the database says about who leads a run.</summary>
/// <param name="Number">The newest term.</param>
/// <param name="Owner">The <see cref="ProcessIdentity"/> of the process that leads; null if it ended in order.</param>
/// <param name="Address">Its host.</param>
/// <param name="Since">When it took the run over, by the database's clock, in words.</param>
/// <param name="Age">Since it last renewed the lease, by the same clock.</param>
/// <param name="Lease">How long a renewal counts.</param>
public sealed record TermHolder(long Number, string? Owner, string Address, string Since, TimeSpan Age, TimeSpan Lease)
{
    /// <summary>Where the other control processes reach it, <c>HOST:PORT</c>; null if it was not elected.</summary>
    public string? Control { get; init; }

    /// <summary>How the run ended under this term; null if it has not.</summary>
    public TermEnding? Ending { get; init; }

    public bool IsExpired => Age > Lease;

    /// <summary>Whether it certainly changes nothing more: it ended in order, or it is dead, or it is the one that asks.</summary>
    public bool IsGoneFor(ProcessIdentity asking) =>
        Owner is null || Owner == $"{asking}" || ProcessIdentity.Parse(Owner)?.IsDead() == true;

    /// <summary>Such as "process 12 on alpha".</summary>
    public override string ToString() =>
        $"process {(ProcessIdentity.Parse(Owner ?? "") is { Process: var process } ? $"{process}" : "?")} on {Address}";
}

/// <summary>The end of a run for all processes that may lead it.</summary>
/// <param name="Report">What failed, or who stopped it.</param>
public sealed record TermEnding(RunEnding How, string Report);
