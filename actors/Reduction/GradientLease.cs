using ActorTrain.Models.Kernels;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Actors.Reduction;

/// <summary>A gradient vector of the transport, whose memory is not reused until disposal.</summary>
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

    public Tensor Vector { get; }

    /// <summary>Checksum at the time of writing; null while it is being written.</summary>
    public FlatChecksum? Checksum { get; }

    public nint Address { get; }

    public void Dispose() => Interlocked.Exchange(ref release, null)?.Invoke();
}
