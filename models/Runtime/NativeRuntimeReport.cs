namespace ActorTrain.Models.Runtime;

/// <summary>What the native side of a process uses.</summary>
public sealed record NativeRuntimeReport
{
    /// <summary>Whether the instruction set that all x86-64-v3 machines share is pinned.</summary>
    public required bool Portable { get; init; }

    /// <summary>libtorch's version, such as <c>2.10.0</c>.</summary>
    public required string TorchVersion { get; init; }

    /// <summary>The file of libtorch's CPU library.</summary>
    public required string TorchPath { get; init; }

    /// <summary>The file of TorchSharp's native half.</summary>
    public required string LibTorchSharpPath { get; init; }

    public required string Mkl { get; init; }

    /// <summary>The processors whose code MKL takes, in its words.</summary>
    public required string MklProcessor { get; init; }

    /// <summary>MKL's mode of conditional numerical reproducibility, as <c>MKL_CBWR</c> names it: <c>OFF</c> or such as
    /// <c>AVX2,STRICT</c>.</summary>
    public required string MklReproducibility { get; init; }

    /// <summary>oneDNN's version, as it prints it.</summary>
    public required string OneDnn { get; init; }

    /// <summary>The instruction set that oneDNN takes, as <c>ONEDNN_MAX_CPU_ISA</c> names it.</summary>
    public required string OneDnnInstructions { get; init; }

    /// <summary>ATen's vector kernels: DEFAULT, AVX2 or AVX512.</summary>
    public required string AtenCapability { get; init; }

    /// <summary>The fused kernels' instruction set, or <c>none</c>.</summary>
    public required string Kernels { get; init; }

    /// <summary>The files of the OpenMP runtimes in the process.</summary>
    public required IReadOnlyList<string> OpenMp { get; init; }

    /// <summary>The number of turns after which a waiting thread of OpenMP sleeps, as the environment has it.</summary>
    public required string SpinCount { get; init; }

    /// <summary>How the system grants transparent huge pages: always, madvise or never; absent where it has none.</summary>
    public required string HugePages { get; init; }

    /// <summary>The C allocator and its settings.</summary>
    public required string Allocator { get; init; }
}
