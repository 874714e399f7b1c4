namespace ActorTrain.Models;

/// <summary>An invariant of training is broken: a defect or a faulty machine, never bad input. The trainer stops.</summary>
public sealed class InvariantException : Exception
{
    /// <param name="sentence">What does not hold, in one sentence.</param>
    public InvariantException(string sentence)
        : base(sentence)
    {
    }
}
