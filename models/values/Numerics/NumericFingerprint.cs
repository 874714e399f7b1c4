namespace ActorTrain.Models.Numerics;

/// <summary>Everything that the bits of a result depend on besides the run's configuration. The number of threads is not part of
/// it.</summary>
/// <param name="Torch">libtorch's version, such as <c>2.10.0</c>.</param>
/// <param name="Blas">The BLAS's version, the processors whose code it uses, and its mode of reproducibility.</param>
/// <param name="Kernels">The fused kernels' instruction set, or <see cref="NoKernels"/> for the reference form.</param>
/// <param name="Device">As in the configuration: <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>.</param>
public sealed record NumericFingerprint(string Torch, string Blas, string OneDnn, string Aten, string Kernels, string Device)
{
    /// <summary>Value of <see cref="Kernels"/> when libtorch computes.</summary>
    public const string NoKernels = "none";

    /// <summary>The differing parts, each as <c>name: this → other</c>; empty if results agree to the bit.</summary>
    /// <remarks>With fused kernels, libtorch only provides memory, so its parts do not count.</remarks>
    public IEnumerable<string> DifferencesFrom(NumericFingerprint other)
    {
        (string Name, string Mine, string Theirs)[] ofTorch =
            [("libtorch", Torch, other.Torch), ("BLAS", Blas, other.Blas), ("oneDNN", OneDnn, other.OneDnn), ("ATen", Aten, other.Aten)];
        (string Name, string Mine, string Theirs)[] parts =
            [.. Kernels == NoKernels || other.Kernels == NoKernels ? ofTorch : [], ("kernels", Kernels, other.Kernels),
                ("device", Device, other.Device)];
        return parts.Where(static part => part.Mine != part.Theirs).Select(static part => $"{part.Name}: {part.Mine} → {part.Theirs}");
    }
}
