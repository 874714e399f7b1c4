namespace ActorTrain.Models;

/// <summary>Bits in memory are not those that were put there: a broken machine, never bad input or a defect. Whoever finds it has to give up what it
/// holds.</summary>
public sealed class CorruptionException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="sentence">Which bits, and what was compared, in one sentence.</param>
    public CorruptionException(string sentence)
        : base(sentence)
    {
    }
}
