namespace ActorTrain.Actors.Election;

/// <summary>Names of actors by which control processes find each other.</summary>
internal static class ElectionProtocol
{
    public const string Member = "member";

    /// <summary>A child of <see cref="Member"/> that is there while the process is in a cluster.</summary>
    public const string Admitted = "admitted";
}
