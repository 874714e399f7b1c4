using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

/// <summary>A sublayer, x + f(x), with fused forward and backward, as one node of the autograd graph.</summary>
/// <remarks>Parameter gradients are written directly to the flat gradient; the graph carries only the residual stream's.</remarks>
/// <param name="recomputes">Whether the backward computes the inner tensors again from x, to the same bits, instead of keeping them (Chen
/// et al. 2016).</param>
internal abstract class FusedSublayer(bool recomputes) : IDisposable
{
    private readonly bool recomputes = recomputes;

    /// <summary>x <c>[B, T, D]</c> float32 → the same shape.</summary>
    public Tensor Apply(Tensor x_BTD, TextRows texts) => Function.apply(x_BTD, this, texts, is_grad_enabled());

    public abstract void Dispose();

    /// <summary>The tensors between x and f's last product.</summary>
    protected abstract IDisposable Inner(Tensor x, TextRows texts);

    /// <summary>x plus f's last product.</summary>
    protected abstract Tensor Output(Tensor x, IDisposable inner);

    /// <summary>The gradient of x; parameters' gradients are added to the flat gradient. The inner tensors may be overwritten.</summary>
    protected abstract Tensor Backward(Tensor x, IDisposable inner, TextRows texts, Tensor dy);

    private sealed record Saved(Tensor X, IDisposable? Inner, TextRows Texts) : IDisposable
    {
        public void Dispose()
        {
            X.Dispose();
            Inner?.Dispose();
        }
    }

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(FusedSublayer);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (x, layer, texts) = ((Tensor)vars[0], (FusedSublayer)vars[1], (TextRows)vars[2]);
            var inner = layer.Inner(x, texts);
            var y = layer.Output(x, inner);
            if (layer.recomputes)
                inner.Dispose();
            FusedSaving.Keep(ctx, layer, new Saved(x.alias(), layer.recomputes ? null : inner, texts), recorded: (bool)vars[3]);
            return y;
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var (layer, saved) = FusedSaving.Take<FusedSublayer, Saved>(ctx);
            using (saved)
            using (var inner = saved.Inner ?? layer.Inner(saved.X, saved.Texts))
            using (var dy = grad_output.contiguous())
                return [layer.Backward(saved.X, inner, saved.Texts, dy), null!, null!, null!];
        }
    }
}
