using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Models.Optimization;

/// <summary>An optimizer's state: running means of the gradient and of its square per element, in the parameters' layout.</summary>
public sealed class Moments : IDisposable
{
    public Moments(FlatParameters parameters)
    {
        First = zeros_like(parameters.Weights).DetachFromDisposeScope();
        Second = zeros_like(parameters.Weights).DetachFromDisposeScope();
    }

    public Tensor First { get; }

    public Tensor Second { get; }

    public void Clear()
    {
        using var _ = no_grad();
        First.zero_();
        Second.zero_();
    }

    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
    }
}
