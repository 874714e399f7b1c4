using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

/// <summary>Hands a fused layer and what its forward saved over to its backward, which frees it at once.</summary>
/// <remarks>The tensors saved belong to the dispose scope of the micro-batch, so a graph that is never walked backward leaks nothing
/// either.</remarks>
internal static class FusedSaving
{
    private const string Key = "saved";

    /// <param name="recorded">Whether there will be a backward; asked before the function is applied, since its forward runs
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
