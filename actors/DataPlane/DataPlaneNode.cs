namespace ActorTrain.Actors.DataPlane;

/// <summary>A node that is connected, or was.</summary>
/// <param name="Name">As it said.</param>
/// <param name="Incarnation">As it said.</param>
/// <param name="Connection">From 1: grows with every node that is admitted.</param>
/// <param name="Medium">How its vectors travel.</param>
public sealed record DataPlaneNode(string Name, long Incarnation, long Connection, DataPlaneMedium Medium)
{
    public override string ToString() => $"node {Name} (incarnation {Incarnation})";
}
