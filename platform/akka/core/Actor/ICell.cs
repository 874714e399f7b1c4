namespace Akka.Actor;

/// <summary>What stands behind a reference: an actor with its mailbox.</summary>
public interface ICell
{
    /// <summary>Whether messages wait in the mailbox.</summary>
    bool HasMessages { get; }

    /// <summary>How many do.</summary>
    int NumberOfMessages { get; }
}

/// <summary>A reference to an actor of this process.</summary>
public abstract class ActorRefWithCell : InternalActorRefBase
{
    /// <summary>What stands behind it.</summary>
    public abstract ICell Underlying { get; }
}
