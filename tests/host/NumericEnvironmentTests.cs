using ActorTrain.Host.Training;
using ActorTrain.Models.Runtime;
using TorchSharp;

namespace ActorTrain.Host.Tests;

public sealed class NumericEnvironmentTests
{
    [Fact]
    public void The_fused_kernels_stand_in_the_fingerprint_only_where_they_run()
    {
        NumericEnvironment.KernelsOn(DeviceType.CPU).ShouldBe(FusedKernels.Description);
        NumericEnvironment.KernelsOn(DeviceType.CUDA).ShouldBe("none");
    }
}
