using System.Text.Json;
using ActorTrain.Host.Cli;
using ActorTrain.Host.Diagnostics;

namespace ActorTrain.Host.Tests;

public sealed class DoctorReportTests
{
    private static readonly DoctorReport Report = new(
        [new("libtorch", "1.13.1", FindingState.Good),
            new("OpenBLAS", "pthread build", FindingState.Warning, "install libopenblas0-openmp")],
        [new("BLAS core type", "SkylakeX", "the processor has AVX-512")],
        [new("bfloat16, oneDNN", "2048 × 384 × 1536", 812.34)]);

    private static (int Code, string Output) Write(DoctorReport report, bool json)
    {
        using var output = new StringWriter();
        var code = report.Write(json, new CommandContext(output, TextWriter.Null, false, TimeProvider.System));
        return (code, output.ToString());
    }

    [Fact]
    public void Tables_hold_what_was_found_chosen_and_measured_without_control_codes()
    {
        var (code, text) = Write(Report, json: false);
        code.ShouldBe(0);
        text.ShouldNotContain('\e');
        var lines = text.Split('\n').Select(static line => string.Join(' ',
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))).ToList();
        lines.ShouldContain("libtorch ok 1.13.1");
        lines.ShouldContain("OpenBLAS warning pthread build: install libopenblas0-openmp");
        lines.ShouldContain("BLAS core type SkylakeX the processor has AVX-512");
        lines.ShouldContain("bfloat16, oneDNN 2048 × 384 × 1536 812.3");
        lines.ShouldContain("Ready to train.");
    }

    [Fact]
    public void Json_holds_the_same()
    {
        using var document = JsonDocument.Parse(Write(Report, json: true).Output);
        var root = document.RootElement;
        root.GetProperty("found")[1].GetProperty("state").GetString().ShouldBe("warning");
        root.GetProperty("found")[1].GetProperty("fix").GetString().ShouldBe("install libopenblas0-openmp");
        root.GetProperty("choices")[0].GetProperty("value").GetString().ShouldBe("SkylakeX");
        root.GetProperty("rates")[0].GetProperty("gigaFlopsPerSecond").GetDouble().ShouldBe(812.34);
        root.GetProperty("works").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public void A_machine_that_does_not_train_is_said_so_and_the_exit_code_is_1()
    {
        var (code, text) =
            Write(new DoctorReport([new("libtorch", "nothing", FindingState.Bad, "install libtorch-dev")], [], []), json: false);
        code.ShouldBe(1);
        text.ShouldContain("Not ready to train");
    }
}
