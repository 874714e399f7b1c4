using System.Runtime.InteropServices;

namespace ActorTrain.Models.Tests;

/// <summary>The gradient of all parameters of a model, as numbers to compare.</summary>
internal static class ModelGradient
{
    /// <summary>Of what <paramref name="backward"/> adds to cleared gradients.</summary>
    public static float[] Of(Transformer model, Action backward)
    {
        model.Parameters.ClearGradients(byOverwriting: model.IsFused);
        backward();
        return [.. model.Parameters.Layout.Entries.SelectMany(entry =>
            MemoryMarshal.Cast<byte, float>(model.Parameters[entry.Name].Gradient.contiguous().bytes).ToArray())];
    }

    /// <summary>L2 norm of the difference, relative to the other.</summary>
    public static double Distance(float[] one, float[] other)
    {
        var (difference, size) = (0.0, 0.0);
        for (var i = 0; i < one.Length; i++)
            (difference, size) = (difference + Math.Pow(one[i] - (double)other[i], 2), size + Math.Pow(other[i], 2));
        return Math.Sqrt(difference / size);
    }
}
