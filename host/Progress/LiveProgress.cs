using Spectre.Console;

namespace ActorTrain.Host.Progress;

/// <summary>Progress as a panel at the bottom of a terminal, redrawn in place; permanent messages scroll above it.</summary>
public sealed class LiveProgress : ITrainingProgress
{
    internal const string ShowCursor = "\e[?25h";

    private const int BarWidth = 40;
    private const int Remembered = 48;
    private const string Blocks = "▁▂▃▄▅▆▇█";
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(100);

    private readonly IAnsiConsole console;
    private readonly TimeProvider time;
    private readonly long begin;
    private readonly Queue<double> losses = new();
    private readonly TaskCompletionSource ended = new();
    private readonly Task display;
    private LiveDisplayContext? picture;
    private long? lastDraw;
    private StepProgress? step;
    private EvaluationProgress? evaluation;
    private CheckpointProgress? checkpoint;

    public LiveProgress(IAnsiConsole console, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(time);
        this.console = console;
        this.time = time;
        begin = time.GetTimestamp();

        // The library draws within a callback; this one lends out the drawing context and ends with Dispose.
        display = console.Live(new Text("starting")).AutoClear(false).StartAsync(context =>
        {
            picture = context;
            return ended.Task;
        });
    }

    public static IAnsiConsole Console(TextWriter output) =>
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });

    public void Note(string text) => console.WriteLine(text);

    public void Report(StepProgress finished)
    {
        ArgumentNullException.ThrowIfNull(finished);
        step = finished;
        losses.Enqueue(finished.Loss);
        if (losses.Count > Remembered)
            losses.Dequeue();
        if (lastDraw is { } last && time.GetElapsedTime(last) < Redraw && finished.Step < finished.TotalSteps)
            return;
        lastDraw = time.GetTimestamp();
        Draw();
    }

    public void Report(EvaluationProgress evaluation)
    {
        ArgumentNullException.ThrowIfNull(evaluation);
        this.evaluation = evaluation;
        Draw();
    }

    public void Report(CheckpointProgress checkpoint)
    {
        this.checkpoint = checkpoint;
        Draw();
    }

    public void Warning(string text) => console.MarkupLineInterpolated($"[yellow]warning: {text}[/]");

    public void Dispose()
    {
        Draw();
        ended.TrySetResult();
#pragma warning disable CA1849 // The task has nothing left to wait for.
        display.GetAwaiter().GetResult();
#pragma warning restore CA1849
    }

    private void Draw()
    {
        if (step is not null)
            picture?.UpdateTarget(Picture(step));
    }

    private Grid Picture(StepProgress now)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(2)).AddColumn(new GridColumn());
        Row("step", $"{Bar((double)now.Step / Math.Max(1, now.TotalSteps))} {now.Step} of {now.TotalSteps}");
        Row("loss", $"[bold]{Figures.Loss(now.Loss)}[/]  [blue]{Sparkline()}[/]");
        if (now.Rollouts is { } rollouts)
            Row("reward", $"[bold]{Markup.Escape(Figures.Reward(rollouts, now.RewardParts))}[/]  {Figures.OfCompletions(rollouts)}"
                + Figures.Of(now.Policy) + (now.Age > 0 ? $", age {now.Age}" : ""));
        Row("gradient norm", $"{Figures.Short(now.GradientNorm),-12}learning rate {Figures.LearningRate(now.LearningRate)}");
        var mfu = now.Mfu is { } fraction ? $"MFU {Figures.Percent(fraction)} of the measured peak" : "";
        Row("tokens/s", $"{Figures.Whole(now.TokensPerSecond),-12}{mfu}");
        var left = now.TimeLeft is { } duration ? $"ETA {Figures.Duration(duration)}" : "";
        Row("time", $"{Figures.Duration(time.GetElapsedTime(begin)),-12}{left}");
        if (evaluation is { } held)
        {
            var bits = held.BitsPerByte is { } value ? $", {Figures.Loss(value)} bits per byte" : "";
            var quality = held.Accuracy is { } accuracy ? $"accuracy {Figures.Percent(accuracy)}"
                : $"perplexity {Figures.Short(held.Perplexity)}{bits}";
            Row("validation", $"[green]{Figures.Loss(held.Loss)}[/] at step {held.Step}: {quality}");
        }

        if (checkpoint is { } saved)
            Row("saved", $"step {saved.Step}: {Markup.Escape(saved.Path)}");
        return grid;

        void Row(string name, string markup) => grid.AddRow(new Text(name, new Style(Color.Grey)), new Markup(markup));
    }

    private static string Bar(double fraction)
    {
        var full = (int)Math.Round(BarWidth * Math.Clamp(fraction, 0, 1));
        return $"[blue]{new string('━', full)}[/][grey]{new string('─', BarWidth - full)}[/]";
    }

    private string Sparkline()
    {
        var finite = losses.Where(double.IsFinite).ToList();
        if (finite.Count < 2)
            return "";
        var (low, high) = (finite.Min(), finite.Max());
        var scale = high > low ? (Blocks.Length - 1) / (high - low) : 0;
        return string.Concat(losses.Select(loss => double.IsFinite(loss) ? Blocks[(int)Math.Round((loss - low) * scale)] : '!'));
    }
}
