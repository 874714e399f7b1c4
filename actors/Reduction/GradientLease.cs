using ActorTrain.Models.Kernels;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Actors.Reduction;

/// <summary>A gradient vector of the transport in somebody's hands: until it is disposed of, its memory is not given to anyone
/// else.</summary>
public sealed class GradientLease : IDisposable
{
    private Action? release;

    internal GradientLease(Tensor vector, FlatChecksum? checksum, Action release)
    {
        Vector = vector;
        Checksum = checksum;
        Address = vector.Address();
        this.release = release;
    }

    /// <summary>The flat gradient, float32 on the CPU, laid out as the parameters.</summary>
    public Tensor Vector { get; }

    /// <summary>Checksum that it had when it was written; null while it is being written.</summary>
    public FlatChecksum? Checksum { get; }

    /// <summary>Address of its first element.</summary>
    public nint Address { get; }

    public void Dispose() => Interlocked.Exchange(ref release, null)?.Invoke();
}
