using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

/// <summary>Passes a fused layer and its saved tensors to the backward, which frees them at once.</summary>
/// <remarks>The saved tensors belong to the dispose scope of the micro-batch, so a graph without a backward leaks nothing either.</remarks>
internal static class FusedSaving
{
    private const string Key = "saved";

    /// <param name="recorded">Whether there will be a backward; determined before the function is applied, since its forward runs
    /// unrecorded.</param>
    public static void Keep<TLayer, TSaved>(autograd.AutogradContext ctx, TLayer layer, TSaved saved, bool recorded)
        where TSaved : IDisposable
    {
        if (recorded)
            ctx.save_data(Key, (layer, saved));
        else
            saved.Dispose();
    }

    public static (TLayer Layer, TSaved Saved) Take<TLayer, TSaved>(autograd.AutogradContext ctx) => ((TLayer, TSaved))ctx.get_data(Key)!;
}
