namespace ActorTrain.Persistence.Logs;

/// <summary>Compares numbers by their bits; what is no number is equal to all that is none, since a file does not tell one from another.</summary>
internal static class Bits
{
    public static bool AreEqual(double one, double other) =>
        BitConverter.DoubleToInt64Bits(one) == BitConverter.DoubleToInt64Bits(other) || (double.IsNaN(one) && double.IsNaN(other));
}
