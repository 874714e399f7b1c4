using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

/// <summary>A sublayer, x + f(x), with fused forward and backward, as one node of the autograd graph.</summary>
/// <remarks>Parameter gradients are written directly to the flat gradient; the graph carries only the residual stream's.</remarks>
internal abstract class FusedSublayer : IDisposable
{
    /// <summary>x <c>[B, T, D]</c> float32 → the same shape.</summary>
    public Tensor Apply(Tensor x_BTD) => Function.apply(x_BTD, this, is_grad_enabled());

    public abstract void Dispose();

    protected abstract (Tensor Y, IDisposable Saved) Forward(Tensor x);

    protected abstract Tensor Backward(IDisposable kept, Tensor dy);

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(FusedSublayer);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var layer = (FusedSublayer)vars[1];
            var (y, saved) = layer.Forward((Tensor)vars[0]);
            FusedSaving.Keep(ctx, layer, saved, recorded: (bool)vars[2]);
            return y;
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var (layer, saved) = FusedSaving.Take<FusedSublayer, IDisposable>(ctx);
            using (saved)
            using (var dy = grad_output.contiguous())
                return [layer.Backward(saved, dy), null!, null!];
        }
    }
}
