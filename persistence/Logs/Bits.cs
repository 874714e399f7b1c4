namespace ActorTrain.Persistence.Logs;

/// <summary>Compares numbers by their bits; all NaNs are equal, since the file does not distinguish them.</summary>
public static class Bits
{
    public static bool AreEqual(double one, double other) =>
        BitConverter.DoubleToInt64Bits(one) == BitConverter.DoubleToInt64Bits(other) || (double.IsNaN(one) && double.IsNaN(other));
}
