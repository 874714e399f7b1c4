namespace ActorTrain.Models;

/// <summary>An invariant of training is broken: a bug or a faulty machine, not bad input. The trainer stops.</summary>
public sealed class InvariantException(string sentence) : Exception(sentence);
