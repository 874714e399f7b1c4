namespace ActorTrain.Models;

/// <summary>Something that must always hold in training does not: a defect or a broken machine, never bad input. Whoever meets it stops.</summary>
public sealed class InvariantException : Exception
{
    /// <param name="sentence">What does not hold, in one sentence.</param>
    public InvariantException(string sentence)
        : base(sentence)
    {
    }
}
