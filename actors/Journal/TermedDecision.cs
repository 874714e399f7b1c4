using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Journal;

/// <summary>A decision as it is written: with the term of the process that decided, which the database compares.</summary>
internal sealed record TermedDecision(long Term, RunEvent Decision);
