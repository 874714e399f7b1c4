using TorchSharp.Embedded;
using static TorchSharp.torch;

namespace ActorTrain.Platform.Torch.Tests;

public sealed class RuntimeTests
{
    [Fact]
    public void A_process_ends_cleanly_while_a_thread_is_in_native_code()
    {
        for (var run = 0; run < 20; run++)
        {
            var (code, output, errors) = ChildProgram.Run("leave-in-matmul");
            code.ShouldBe(7, $"run {run}: {errors}");
            output.ShouldBe("leaving\n");
        }
    }

    [Fact]
    public void The_fast_libraries_are_the_ones_in_use()
    {
        var found = TorchRuntime.Describe();
        found.LibTorchVersion.ShouldBe(__version__);
        File.Exists(found.LibTorchPath).ShouldBeTrue();
        found.Threads.ShouldBe(get_num_threads());
        if (Directory.Exists("/usr/lib/x86_64-linux-gnu/openblas-openmp")) found.BlasPath.ShouldContain("openblas-openmp");
        if (File.ReadAllText("/proc/cpuinfo").Contains("avx512f", StringComparison.Ordinal) && Environment.GetEnvironmentVariable("OPENBLAS_CORETYPE") == "SkylakeX")
            found.BlasCoreType.ShouldBe("SkylakeX");
    }

    [Fact]
    public void Portable_mode_pins_what_all_machines_share()
    {
        var (code, output, errors) = ChildProgram.Run("portable");
        code.ShouldBe(0, errors);
        output.ShouldContain("BlasCoreType = Haswell");
        output.ShouldContain("AtenCapability = AVX2");
        output.ShouldContain("OneDnnIsa = AVX2");
        output.ShouldContain("Threads = 1");
        ChildProgram.Run("portable").Output.ShouldBe(output);
    }

    [Fact]
    public void What_the_environment_says_is_respected()
    {
        ChildProgram.Run("describe", ("OPENBLAS_CORETYPE", "Haswell"), ("OMP_NUM_THREADS", "1")).Output.ShouldContain("BlasCoreType = Haswell");
        ChildProgram.Run("describe", ("OMP_NUM_THREADS", "1")).Output.ShouldContain("Threads = 1");
    }

    [Fact]
    public void Configuring_after_the_first_call_is_refused() => ChildProgram.Run("configure-late").Code.ShouldBe(0);

    [Fact]
    public void A_missing_native_library_is_told_in_one_sentence()
    {
        var home = Path.GetDirectoryName(typeof(RuntimeTests).Assembly.Location)!;
        var folder = Directory.CreateTempSubdirectory("torch-tests-").FullName;
        foreach (var file in Directory.GetFiles(home).Where(file => !file.EndsWith("libactortrain_torch.so", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        var (code, _, errors) = ChildProgram.RunFrom(folder, "describe");
        Directory.Delete(folder, recursive: true);
        code.ShouldNotBe(0);
        errors.ShouldContain("libactortrain_torch.so is missing beside the program");
        errors.ShouldContain("make setup");
    }
}
