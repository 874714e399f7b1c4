using ActorTrain.Persistence.Journal;
using Akka.Actor;

namespace ActorTrain.Actors.Training;

/// <summary>Room for one life of a trainer, or of a worker of rollouts, on a node.</summary>
/// <param name="Node">Its name.</param>
public abstract record LifePlace(string Node);

/// <summary>Asks for a place for the next life of an actor; answered by <see cref="PlaceFound"/> as soon as there is one. May be
/// repeated.</summary>
public sealed record SeekPlace(ActorRole Role, int Number) : INoSerializationVerificationNeeded;

/// <summary>Withdraws a <see cref="SeekPlace"/>.</summary>
public sealed record ForgetPlace(ActorRole Role, int Number) : INoSerializationVerificationNeeded;

/// <param name="Place">Taken until <see cref="LeavePlace"/>.</param>
public sealed record PlaceFound(ActorRole Role, int Number, LifePlace Place) : INoSerializationVerificationNeeded;

/// <summary>May be repeated.</summary>
public sealed record LeavePlace(LifePlace Place) : INoSerializationVerificationNeeded;
