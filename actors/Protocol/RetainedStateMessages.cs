using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Protocol;

/// <summary>The last decision that a state rests on.</summary>
/// <param name="Decision">Its number, from 1; 0 for none.</param>
/// <param name="Hash">Of the decision, since another process may have taken another one under this number.</param>
public readonly record struct StateBasis(long Decision, ulong Hash);

/// <summary>What a run needs, besides the vectors of a state, to resume from it in another process. Sent with each update to trainers of
/// other processes.</summary>
/// <param name="Overrides">How the run continues from there.</param>
/// <param name="Unproved">Trainers whose part in the state is unverified; see <see cref="UnprovedWork"/>.</param>
/// <param name="MetricsStep">The last step whose measurement is known to be in the metrics file.</param>
/// <param name="Measurements">Those after it, up to the state.</param>
public sealed record StateRecord(
    StateBasis Basis, RunOverrides Overrides, IReadOnlyDictionary<int, long> Unproved, long MetricsStep,
    IReadOnlyList<Measurement> Measurements);

/// <summary>A state that a node has retained since its last lease ended.</summary>
/// <param name="Run">Folder of the run, in full.</param>
/// <param name="ConfigurationHash">Of the run file in it.</param>
/// <param name="Step">Updates that the state has seen.</param>
/// <param name="Hash">Of weights and moments.</param>
public sealed record RetainedState(string Run, string ConfigurationHash, long Step, ulong Hash, StateRecord Record);

/// <summary>Copies the retained state of a step into a slot of the leading process's snapshots; answered by
/// <see cref="RetainedCopied"/>. May be repeated.</summary>
public sealed record CopyRetained(long Term, long Lease, int Slot, long Step) : LeaseCommand(Term, Lease, 0);

/// <param name="Problem">Why it was not copied, in a sentence; null if it was.</param>
public sealed record RetainedCopied(NodeKey Node, long Lease, long Step, string? Problem) : NodeReport(Node);
