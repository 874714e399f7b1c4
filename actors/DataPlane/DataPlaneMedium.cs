namespace ActorTrain.Actors.DataPlane;

/// <summary>How vectors get from one process to another.</summary>
public enum DataPlaneMedium
{
    /// <summary>Both map the same memory; only its place is sent.</summary>
    Shared,

    /// <summary>Copied through the connection, in ranges that each have a checksum.</summary>
    Tcp,
}
