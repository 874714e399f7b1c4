using ActorTrain.Models.Numerics;

namespace ActorTrain.Models.Tests;

public sealed class NumericFingerprintTests
{
    private static readonly NumericFingerprint Fused = new("2.10", "MKL, CBWR OFF", "3.7, AVX2", "AVX2", "x86-64-v3", "cpu");
    private static readonly NumericFingerprint Reference = Fused with { Kernels = NumericFingerprint.NoKernels };

    [Fact]
    public void Where_libtorch_computes_each_of_its_parts_is_a_difference() =>
        Reference.DifferencesFrom(
            Reference with { Torch = "2.11", Blas = "MKL, CBWR AVX2,STRICT", OneDnn = "3.7, AVX512_CORE", Aten = "AVX512" }).ShouldBe(
            ["libtorch: 2.10 → 2.11", "BLAS: MKL, CBWR OFF → MKL, CBWR AVX2,STRICT", "oneDNN: 3.7, AVX2 → 3.7, AVX512_CORE",
                "ATen: AVX2 → AVX512"]);

    [Fact]
    public void Where_the_fused_kernels_compute_only_they_and_the_device_are()
    {
        Fused.DifferencesFrom(Fused with { Torch = "2.11", Blas = "", OneDnn = "", Aten = "" }).ShouldBeEmpty();
        Fused.DifferencesFrom(Fused with { Kernels = "x86-64-v4", Device = "cuda" })
            .ShouldBe(["kernels: x86-64-v3 → x86-64-v4", "device: cpu → cuda"]);
    }

    [Fact]
    public void Between_the_two_forms_all_are()
    {
        Fused.DifferencesFrom(Reference with { Aten = "AVX512" }).ShouldBe(["ATen: AVX2 → AVX512", "kernels: x86-64-v3 → none"]);
        Reference.DifferencesFrom(Fused).ShouldBe(["kernels: none → x86-64-v3"]);
    }
}
