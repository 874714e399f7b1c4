using System.Collections.Concurrent;

namespace ActorTrain.Models.Tests.Steps;

/// <summary>Bits are the same for all that a run may share its work out in, whatever the instruction sets of kernels, libtorch, MKL and
/// oneDNN; those of the fused form depend on the kernels' alone.</summary>
[Trait("Category", "Slow")]
public sealed class InstructionSetTests
{
    private static readonly Dictionary<string, string> Best = [];
    private static readonly Dictionary<string, string> Avx2 = new()
    {
        ["ATEN_CPU_CAPABILITY"] = "avx2",
        ["ONEDNN_MAX_CPU_ISA"] = "AVX2",
        ["MKL_ENABLE_INSTRUCTIONS"] = "AVX2",
    };

    private static readonly Dictionary<string, string> Avx512 =
        new() { ["ONEDNN_MAX_CPU_ISA"] = "AVX512_CORE", ["MKL_ENABLE_INSTRUCTIONS"] = "AVX512" };

    private static readonly Dictionary<string, BitsProcess.Setting> Settings = new()
    {
        ["portable"] = new(Isa: 1, Portable: true, Best),
        ["x86-64-v3, libtorch at its best"] = new(Isa: 1, Portable: false, Best),
        ["x86-64-v3, libtorch with AVX2"] = new(Isa: 1, Portable: false, Avx2),
        ["x86-64-v4, libtorch with AVX-512"] = new(Isa: 2, Portable: false, Avx512),
        ["x86-64-v4, libtorch with AVX2"] = new(Isa: 2, Portable: false, Avx2),
        ["x86-64-v4+bf16, libtorch at its best"] = new(Isa: 3, Portable: false, Best),
        ["x86-64-v4+bf16, libtorch with AVX2"] = new(Isa: 3, Portable: false, Avx2),
    };

    private static readonly ConcurrentDictionary<string, Lazy<BitsProcess.Result>> Results = [];
    private static readonly HashSet<string> CpuFlags =
        [.. File.ReadLines("/proc/cpuinfo").First(static line => line.StartsWith("flags", StringComparison.Ordinal)).Split(' ')];

    private static readonly bool IsIntel =
        File.ReadLines("/proc/cpuinfo").Any(static line => line.EndsWith("GenuineIntel", StringComparison.Ordinal));

    // Those that this CPU can run.
    public static TheoryData<string> Here() =>
        [.. Settings.Where(static setting => setting.Value.Isa <= BestIsa()).Select(static setting => setting.Key)];

    public static TheoryData<int> Isas() => [.. Enumerable.Range(1, BestIsa())];

    [Theory]
    [MemberData(nameof(Here))]
    public void Every_form_has_the_same_bits_for_any_split_of_its_work(string setting) =>
        Of(setting).Bits.Count.ShouldBe(RunForm.All.Count);

    [Theory]
    [MemberData(nameof(Isas))]
    public void The_fused_form_has_the_same_bits_whatever_libtorch_uses(int isa)
    {
        var results = Settings.Where(setting => setting.Value.Isa == isa).Select(static setting => Of(setting.Key)).ToList();
        results.Count.ShouldBeGreaterThan(1);
        foreach (var form in RunForm.All.Where(static form => form.Fused))
            results.Select(result => result.Bits[$"{form}"]).Distinct().ShouldHaveSingleItem($"{form}");
    }

    [Fact]
    public void Portable_numerics_pin_what_every_machine_has_in_each_library() =>
        InForce("portable").ShouldBe(("x86-64-v3", "AVX2", "AVX2,STRICT", "AVX2"));

    [Fact]
    public void What_is_reported_of_each_library_is_what_its_environment_allows()
    {
        InForce("x86-64-v3, libtorch with AVX2").ShouldBe(("x86-64-v3", "AVX2", "OFF", "AVX2"));
        if (BestIsa() > 1)
            InForce("x86-64-v4, libtorch with AVX-512").ShouldBe(("x86-64-v4", "AVX512", "OFF", "AVX512_CORE"));

        // MKL names what it uses on Intel's processors alone.
        if (!IsIntel)
            return;
        Of("x86-64-v3, libtorch with AVX2").MklProcessor.ShouldBe(Of("portable").MklProcessor);
        if (BestIsa() > 1)
            Of("x86-64-v3, libtorch at its best").MklProcessor.ShouldNotBe(Of("portable").MklProcessor);
    }

    private static (string Kernels, string Aten, string MklReproducibility, string OneDnn) InForce(string setting)
    {
        var found = Of(setting);
        return (found.Kernels, found.Aten, found.MklReproducibility, found.OneDnn);
    }

    private static BitsProcess.Result Of(string setting) =>
        Results.GetOrAdd(setting,
            static setting => new Lazy<BitsProcess.Result>(() => BitsProcess.Run(Settings[setting], seed: setting.Length))).Value;

    private static int BestIsa() =>
        !CpuFlags.IsSupersetOf(["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"]) ? 1 : CpuFlags.Contains("avx512_bf16") ? 3 : 2;
}
