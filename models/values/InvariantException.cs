namespace ActorTrain.Models;

/// <summary>Something that must always hold in training does not: a defect or a broken machine, never bad input. Whoever meets it stops.</summary>
public sealed class InvariantException(string sentence) : Exception(sentence);
