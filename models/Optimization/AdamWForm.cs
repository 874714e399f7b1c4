using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Optimization;

internal readonly record struct AdamWConstants(AdamWOptions Options, double Correction1, double Correction2, double SpikeThreshold)
{
    /// <summary>The corrections are 1 − βᵗ.</summary>
    public static AdamWConstants Of(AdamWOptions options, Update update) =>
        new(options, 1 - Math.Pow(options.Beta1, update.Number), 1 - Math.Pow(options.Beta2, update.Number), update.SpikeThreshold);
}

/// <summary>One update, range by range: the gradient's factor, and the learning rate.</summary>
internal sealed record AdamWPlan(AdamWConstants Constants, IReadOnlyList<(FlatRange Range, double Clip, double Rate)> Parts);

internal interface IAdamWForm
{
    /// <summary>Updates weights <paramref name="w"/> and moments <paramref name="m"/> and <paramref name="v"/> by the gradient
    /// <paramref name="g"/>.</summary>
    /// <returns>Sum of squares of the change of the weights.</returns>
    double Apply(AdamWPlan plan, Tensor w, Tensor g, Tensor m, Tensor v, UpdateChecksums? checksums);

    /// <summary>The same without side effects; only checksums of what is read are filled in.</summary>
    double Preview(AdamWPlan plan, Tensor w, Tensor g, Tensor m, Tensor v, UpdateChecksums? checksums);

    /// <summary>Sum over a range of g² / max(v̂, ε²), where v̂ is the second moment including this gradient.</summary>
    double Ratio(AdamWConstants constants, Tensor g, Tensor v, double clip);
}
