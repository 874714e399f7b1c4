namespace ActorTrain.Actors.Journal;

/// <summary>Recovered in place of a decision that this version cannot read, so that it can be named.</summary>
/// <param name="Reason">Why, as the predicate of a sentence.</param>
public sealed record UnreadableDecision(string Reason);

/// <summary>The journal contains an unreadable decision, or lacks one.</summary>
public sealed class UnreadableJournalException(string sentence) : Exception(sentence);
