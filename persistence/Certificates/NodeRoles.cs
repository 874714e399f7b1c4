namespace ActorTrain.Persistence.Certificates;

/// <summary>What a process with a certificate may do in a cluster.</summary>
[Flags]
public enum NodeRoles
{
    None = 0,

    /// <summary>Lead runs, and all that the others may.</summary>
    Control = 1,

    /// <summary>Host trainers.</summary>
    Worker = 2,

    /// <summary>Host rollouts.</summary>
    Rollout = 4,
}
