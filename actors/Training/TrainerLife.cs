using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Training;

/// <summary>What a trainer and its supervisor know of each other without messages, since one that hangs hears none.</summary>
/// <param name="key">Who it is.</param>
public sealed class TrainerLife(TrainerKey key)
{
    private volatile bool isAbandoned;
    private volatile Exception? failure;

    /// <summary>Who it is.</summary>
    public TrainerKey Key => key;

    /// <summary>Whether nobody counts on it any more: should it come back, it does nothing but free its memory.</summary>
    public bool IsAbandoned => isAbandoned;

    /// <summary>Why it ended, if it threw.</summary>
    public Exception? Failure => failure;

    /// <summary>Gives it up.</summary>
    public void Abandon() => isAbandoned = true;

    /// <summary>Remembers why it ends.</summary>
    internal void Fail(Exception exception) => failure = exception;
}
