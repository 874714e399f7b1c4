namespace ActorTrain.Models.Layers;

/// <summary>How the distributions of rows follow from their logits, and what their entropy counts.</summary>
public readonly struct HeadForm
{
    private readonly float? temperature;

    /// <summary>What the logits are divided by, from 0.001 to 1000.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is beyond.</exception>
    public float Temperature
    {
        get => temperature ?? 1;
        init => temperature = Numerics.Temperature.Checked(value);
    }

    /// <summary>What is gained by the entropy of each row, in the gradient; null: nothing.</summary>
    public float[]? EntropyWeights { get; init; }
}
