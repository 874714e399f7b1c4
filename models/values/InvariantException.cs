namespace ActorTrain.Models;

/// <summary>An invariant of training is broken: a defect or a faulty machine, never bad input. The trainer stops.</summary>
public sealed class InvariantException(string sentence) : Exception(sentence);
