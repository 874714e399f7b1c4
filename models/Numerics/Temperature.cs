namespace ActorTrain.Models.Numerics;

/// <summary>The temperature of a distribution of tokens, in sampling and in training.</summary>
internal static class Temperature
{
    private const double Least = 0.001;
    private const double Most = 1000;

    /// <summary>What logits are multiplied by, as the kernels do it (<c>inverse_of</c>): both round to float32.</summary>
    public static float InverseOf(double temperature) => 1 / (float)temperature;

    /// <exception cref="ArgumentOutOfRangeException">Logits of a model would overflow, or all tokens be as likely.</exception>
    public static float Checked(float temperature) => temperature >= (float)Least && temperature <= Most ? temperature
        : throw new ArgumentOutOfRangeException(nameof(temperature), $"A temperature must be from {Least} to {Most}, not {temperature}.");
}
