using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>The program where libtorch is not whole.</summary>
[Collection(nameof(RealRun))]
public sealed class LibtorchTests(RealRun real)
{
    [Theory]
    [InlineData("libtorch_cpu.so")]
    [InlineData("libc10.so")]
    [InlineData("libLibTorchSharp.so")]
    [InlineData("libactortrain_process.so")]
    public void A_library_that_is_missing_is_named_and_nothing_is_left_behind(string library)
    {
        var copy = real.At($"without-{library}");
        using (var copying = real.StartIn("", "cp", ["--archive", AppContext.BaseDirectory, copy]))
            Outcome.Of(copying).ShouldSucceed();
        File.Delete(Path.Combine(copy, library));

        var before = real.Snapshot();
        using var process =
            real.StartIn("", "dotnet", [Path.Combine(copy, Path.GetFileName(RealRun.Program)), .. RealRun.Pretrain("without", "float32")]);
        Outcome.Of(process).ShouldRefuse(library, "make build");
        real.Snapshot().ShouldBe(before);
    }
}
