namespace ActorTrain.Models.Runtime;

public sealed record NativeRuntimeReport
{
    /// <summary>Whether the instruction set common to all x86-64-v3 machines is pinned.</summary>
    public required bool Portable { get; init; }

    /// <summary>Such as <c>2.10.0</c>.</summary>
    public required string TorchVersion { get; init; }

    /// <summary>The file of libtorch's CPU library.</summary>
    public required string TorchPath { get; init; }

    /// <summary>The file of TorchSharp's native half.</summary>
    public required string LibTorchSharpPath { get; init; }

    public required string Mkl { get; init; }

    /// <summary>The processors whose code MKL uses, in its words.</summary>
    public required string MklProcessor { get; init; }

    /// <summary>MKL's mode of conditional numerical reproducibility, as in <c>MKL_CBWR</c>: <c>OFF</c> or such as
    /// <c>AVX2,STRICT</c>.</summary>
    public required string MklReproducibility { get; init; }

    public required string OneDnn { get; init; }

    /// <summary>The instruction set that oneDNN uses, as in <c>ONEDNN_MAX_CPU_ISA</c>.</summary>
    public required string OneDnnInstructions { get; init; }

    /// <summary>ATen's vector kernels: DEFAULT, AVX2 or AVX512.</summary>
    public required string AtenCapability { get; init; }

    /// <summary>The fused kernels' instruction set, or <c>none</c>.</summary>
    public required string Kernels { get; init; }

    /// <summary>The files of the OpenMP runtimes in the process.</summary>
    public required IReadOnlyList<string> OpenMp { get; init; }

    /// <summary>Iterations after which a waiting OpenMP thread sleeps, by the environment.</summary>
    public required string SpinCount { get; init; }

    /// <summary>Transparent huge pages of the system: always, madvise or never; absent if unsupported.</summary>
    public required string HugePages { get; init; }

    public required string Allocator { get; init; }
}
