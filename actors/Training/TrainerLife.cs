using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Training;

/// <summary>What a trainer and its supervisor share without messages, since a trainer that hangs handles none.</summary>
/// <param name="supervisor">When that life ends, so does this one.</param>
public sealed class TrainerLife(TrainerKey key, TrainerSupervisorLife supervisor)
{
    private volatile bool isAbandoned;
    private volatile Action<ITrainerDevice, long, StateRecord>? retain;

    public TrainerKey Key => key;

    /// <summary>Whether it was abandoned: if it returns from a hang, it only frees its memory.</summary>
    public bool IsAbandoned => isAbandoned || supervisor.IsOver;

    public void Abandon() => isAbandoned = true;

    /// <summary>Takes the state of a trainer that is stopped because the process that leads was lost; null if it ends with it.</summary>
    public Action<ITrainerDevice, long, StateRecord>? Retain
    {
        get => retain;
        set => retain = value;
    }
}

/// <summary>The life of a supervisor of trainers: when it fails, all trainers end with it, including those that hang.</summary>
public sealed class TrainerSupervisorLife
{
    private volatile bool isOver;

    public bool IsOver => isOver;

    public void End() => isOver = true;
}
