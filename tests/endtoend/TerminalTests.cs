using System.Diagnostics;
using System.Text;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>The program on a terminal, which <c>script</c> of util-linux lends it: what is drawn, and Ctrl-C as a person types
/// it.</summary>
[Collection(nameof(TrainedRuns))]
public sealed class TerminalTests(TrainedRuns real)
{
    private const string HideCursor = "\e[?25l", ShowCursor = "\e[?25h", ControlC = "\u0003";

    // Steps of seconds, so that a stop is still under way when the second Ctrl-C comes.
    private static readonly string[] Slow = ["training.batch=1024", "model.context=128", "evaluation.every=0", "training.steps=1000"];

    [Fact]
    public void Progress_is_drawn_and_the_cursor_is_left_visible()
    {
        using var terminal = OnTerminal(TrainedRuns.Small("drawn"));
        var (code, screen, _) = Outcome.Of(terminal);
        code.ShouldBe(0, screen);
        foreach (
            var drawn in new[] { "gradient norm", "learning rate", "tokens/s", "MFU ", "ETA 0:00:00", "validation", "40 of 40", "saved" })
            screen.ShouldContain(drawn);
        screen.ShouldContain(HideCursor);
        screen.LastIndexOf(ShowCursor, StringComparison.Ordinal)
            .ShouldBeGreaterThan(screen.LastIndexOf(HideCursor, StringComparison.Ordinal));
    }

    [Fact]
    public void A_second_ControlC_ends_at_once_with_130_and_the_cursor_visible()
    {
        using var terminal = OnTerminal(TrainedRuns.Small("interrupted", Slow));
        var screen = new StringBuilder();
        ReadUntil(terminal, screen, "matrix multiplication at");
        terminal.StandardInput.Write(ControlC);
        ReadUntil(terminal, screen, "a second signal exits");
        terminal.StandardInput.Write(ControlC);
        screen.Append(Outcome.Of(terminal).Output);
        terminal.ExitCode.ShouldBe(130, screen.ToString());
        screen.ToString().ShouldEndWith(ShowCursor);
        real.Checkpoints("interrupted").ShouldBeEmpty();
        real.State("interrupted").ShouldBe("killed");
    }

    [Fact]
    public void One_ControlC_finishes_the_step_saves_it_and_exits_with_0()
    {
        using var terminal = OnTerminal(TrainedRuns.Small("stopped", "training.steps=1000000", "checkpoints.every=0"));
        var screen = new StringBuilder();
        ReadUntil(terminal, screen, "learning rate");
        terminal.StandardInput.Write(ControlC);
        screen.Append(Outcome.Of(terminal).Output);
        terminal.ExitCode.ShouldBe(0, screen.ToString());
        var (step, _) = real.NewestWeights("stopped");
        screen.ToString().ShouldName("runs/stopped", $"saved at step {step}");
        real.State("stopped").ShouldBe("stopped");
    }

    private Process OnTerminal(string[] arguments)
    {
        string[] command = ["dotnet", RealRun.Program, .. arguments];
        var quoted = string.Join(' ', command.Select(static word => $"'{word}'"));
        var terminal =
            real.StartIn("", "script", ["--quiet", "--return", "--command", $"stty rows 40 cols 80; exec {quoted}", "/dev/null"]);
        terminal.StandardInput.AutoFlush = true;
        return terminal;
    }

    private static void ReadUntil(Process terminal, StringBuilder screen, string words)
    {
        var buffer = new char[4096];
        while (!screen.ToString().Contains(words, StringComparison.Ordinal))
        {
            var length = terminal.Result(terminal.StandardOutput.ReadAsync(buffer, 0, buffer.Length), "printed nothing further");
            length.ShouldBeGreaterThan(0, screen.ToString());
            screen.Append(buffer, 0, length);
        }
    }
}
