using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Recovery;

/// <param name="Step">Updates that the state has seen.</param>
/// <param name="Hash">Hash of the state.</param>
/// <param name="Overrides">How the run resumes from there.</param>
public sealed record HeldSnapshot(int Slot, long Step, ulong Hash, RunOverrides Overrides);
