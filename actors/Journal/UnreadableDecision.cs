namespace ActorTrain.Actors.Journal;

/// <summary>What is recovered in place of a decision that this program cannot read, so that it is known which one that is.</summary>
/// <param name="Reason">Why, as the predicate of a sentence.</param>
public sealed record UnreadableDecision(string Reason);

/// <summary>The journal holds a decision that cannot be read, or lacks one.</summary>
public sealed class UnreadableJournalException(string sentence) : Exception(sentence);
