using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Training;

/// <summary>What a trainer and its supervisor know of each other without messages, since one that hangs hears none.</summary>
/// <param name="supervisor">The life of its supervisor, with which its own ends.</param>
public sealed class TrainerLife(TrainerKey key, TrainerSupervisorLife supervisor)
{
    private volatile bool isAbandoned;

    public TrainerKey Key => key;

    /// <summary>Whether nobody counts on it any more: should it come back, it does nothing but free its memory.</summary>
    public bool IsAbandoned => isAbandoned || supervisor.IsOver;

    public void Abandon() => isAbandoned = true;
}

/// <summary>The life of a supervisor of trainers: when it fails all of them end with it, those that hang too.</summary>
public sealed class TrainerSupervisorLife
{
    private volatile bool isOver;

    public bool IsOver => isOver;

    public void End() => isOver = true;
}
