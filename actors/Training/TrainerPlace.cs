using Akka.Actor;

namespace ActorTrain.Actors.Training;

/// <summary>Room for one life of a trainer on a node.</summary>
/// <param name="Node">Its name.</param>
public abstract record TrainerPlace(string Node);

/// <summary>Asks for a place for the next life of a trainer; answered by <see cref="PlaceFound"/> as soon as there is one. May be
/// repeated.</summary>
public sealed record SeekPlace(int Trainer) : INoSerializationVerificationNeeded;

/// <summary>Withdraws a <see cref="SeekPlace"/>.</summary>
public sealed record ForgetPlace(int Trainer) : INoSerializationVerificationNeeded;

/// <param name="Place">Taken until <see cref="LeavePlace"/>.</param>
public sealed record PlaceFound(int Trainer, TrainerPlace Place) : INoSerializationVerificationNeeded;

/// <summary>May be repeated.</summary>
public sealed record LeavePlace(TrainerPlace Place) : INoSerializationVerificationNeeded;
