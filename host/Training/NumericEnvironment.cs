using ActorTrain.Models;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Host.Training;

/// <summary>Device, threads and kernels of this process, chosen once before the first computation, and their fingerprint.</summary>
internal sealed record NumericEnvironment(Device Device, int Threads, NumericFingerprint Fingerprint)
{
    /// <exception cref="UserErrorException">The requested device does not exist.</exception>
    public static NumericEnvironment Choose(ComputeOptions options, int trainers = 1)
    {
        var threads = options.Threads > 0 ? options.Threads : Math.Max(1, Environment.ProcessorCount / trainers);
        NativeRuntime.Configure(options.Numerics == NumericsMode.Portable);
        ComputeThreads.Set(threads);

        var device = Find(options.Device);
        var found = NativeRuntime.Describe();
        var fingerprint = new NumericFingerprint(
            found.TorchVersion, $"MKL {found.Mkl}, {found.MklProcessor}, CBWR {found.MklReproducibility}",
                $"{found.OneDnn}, {found.OneDnnInstructions}",
            found.AtenCapability, KernelsOn(device.type), options.Device);
        return new NumericEnvironment(device, threads, fingerprint);
    }

    public bool IsFused => Device.type == DeviceType.CPU && FusedKernels.IsAvailable;

    /// <summary>The kernels that a model on a device uses; fused ones exist for the CPU only.</summary>
    internal static string KernelsOn(DeviceType type) => type == DeviceType.CPU ? FusedKernels.Description : NumericFingerprint.NoKernels;

    private static Device Find(string name)
    {
        if (name == "cpu")
            return CPU;
        if (!cuda.is_available())
            throw new UserErrorException(
                $"training.device is {name}, but this libtorch sees no CUDA device; choose cpu, or build with `-p:Cuda=true`.");
        var asked = device(name);
        if (asked.index >= cuda.device_count())
            throw new UserErrorException($"training.device is {name}, but there are only {cuda.device_count()} CUDA devices, "
                + $"numbered from 0; choose one of them.");
        return asked;
    }
}
