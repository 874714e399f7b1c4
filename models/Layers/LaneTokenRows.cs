using ActorTrain.Models.Kernels;
using ActorTrain.Models.Runtime;
using static ActorTrain.Models.Kernels.NativeKernels;
using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

/// <summary>Gradients of a pass's tokens, lane by lane, where an embedding adds to what its tied head has left.</summary>
internal sealed class LaneTokenRows : IDisposable
{
    public LaneTokenRows(ModelOptions shape)
    {
        Handle = ak_token_rows_new(shape.VocabularySize, shape.Width);
        if (Handle == 0)
            throw FusedKernels.Failure();
    }

    ~LaneTokenRows() => Free();

    public nint Handle { get; private set; }

    /// <summary>Begins a pass over tokens <c>[B, T]</c> of as many lanes.</summary>
    public void Begin(int lanes, Tensor tokens_BT) =>
        FusedKernels.Check(ak_token_rows_begin(Handle, lanes, tokens_BT.numel(), tokens_BT.Address()));

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        ak_token_rows_free(Handle);
        Handle = 0;
    }
}
