using Akka.Actor;

namespace ActorTrain.Actors.Nodes;

/// <summary>How a node stands to the run that it has dialled.</summary>
/// <param name="Words">For display.</param>
public sealed record NodeStanding(bool IsAdmitted, string Words) : INoSerializationVerificationNeeded;

/// <summary>Answered with <see cref="NodeStanding"/>.</summary>
internal sealed record GetStanding : INoSerializationVerificationNeeded;
