namespace ActorTrain.Models.Numerics;

/// <summary>All that the bits of a result depend on besides the run's configuration: the same fingerprint gives the same bits.</summary>
/// <param name="Torch">libtorch's version, such as <c>1.13.1</c>.</param>
/// <param name="Blas">BLAS library and core type, such as <c>openblas-openmp SkylakeX</c>.</param>
/// <param name="OneDnn">oneDNN's version and instruction set.</param>
/// <param name="Aten">ATen's vector instruction set.</param>
/// <param name="Kernels">The fused kernels' instruction set, or <c>none</c> where the composed form runs.</param>
/// <param name="Threads">Threads per trainer.</param>
/// <param name="Device">The device as the configuration names it: <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>.</param>
public sealed record NumericFingerprint(string Torch, string Blas, string OneDnn, string Aten, string Kernels, int Threads, string Device)
{
    /// <summary>The parts in which two fingerprints differ, each as <c>name: this → other</c>; empty when they agree.</summary>
    public IEnumerable<string> DifferencesFrom(NumericFingerprint other)
    {
        ArgumentNullException.ThrowIfNull(other);
        (string Name, object Mine, object Theirs)[] parts =
        [
            ("libtorch", Torch, other.Torch), ("BLAS", Blas, other.Blas), ("oneDNN", OneDnn, other.OneDnn), ("ATen", Aten, other.Aten),
            ("kernels", Kernels, other.Kernels), ("threads", Threads, other.Threads), ("device", Device, other.Device),
        ];
        return parts.Where(static part => !part.Mine.Equals(part.Theirs)).Select(static part => $"{part.Name}: {part.Mine} → {part.Theirs}");
    }
}
