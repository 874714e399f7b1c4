using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Training;

public sealed record TrainerSupervisorOptions : IOptions
{
    public int Threads { get; init; } = 1;

    /// <summary>Wait before a lost trainer is restarted; doubles with each further loss. Short at first, so that it has a state again
    /// before the others have finished its lanes, and loses no further step.</summary>
    [Option("wait before the first restart of a trainer; doubled each time, until one lives for {MaxBackoff}",
        Key = "restart_backoff_min", Unit = "seconds", Min = 0.001, Max = 3600)]
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(50);

    [Option("maximum restart backoff", Key = "restart_backoff_max", Unit = "seconds", Min = 0.001, Max = 3600)]
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A life of this length was healthy: the next wait is the shortest again. If it were much longer than the longest wait,
    /// occasional losses would be treated as persistent failure.</summary>
    public TimeSpan ResetAfter { get; init; } = TimeSpan.FromSeconds(10);

    [Option("give up an actor after this many restarts within {Window}", Key = "max_restarts", Max = 1_000_000)]
    public int MaxLosses { get; init; } = 10;

    [Option("window in which restarts are counted", Key = "restart_window", Unit = "seconds", Min = 0.001, Max = 31_536_000)]
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Where to look for details when a trainer reaches its restart limit, such as the name of a log file.</summary>
    public string Log { get; init; } = "the program's log";

    /// <summary>Advice when trainers run out of memory: how much the run needs, and which settings need less.</summary>
    public string MemoryAdvice { get; init; } = "";

    IOptions IOptions.Derive(Predicate<string> isGiven) => this with { ResetAfter = MaxBackoff };

    public IEnumerable<OptionProblem> Validate()
    {
        if (Threads < 1)
            yield return new($"{nameof(Threads):key} is {Threads}, but it must be at least 1.");
        if (MinBackoff > MaxBackoff)
        {
            yield return new(
                $"{nameof(MinBackoff):key} {MinBackoff.TotalSeconds} is above {nameof(MaxBackoff):key} {MaxBackoff.TotalSeconds}; "
                + $"lower it.");
        }

        if (ResetAfter < MaxBackoff)
        {
            yield return new(
                $"{nameof(ResetAfter):key} {ResetAfter.TotalSeconds} is below {nameof(MaxBackoff):key} {MaxBackoff.TotalSeconds}; "
                + $"raise it.");
        }

        // Otherwise the limit on restarts could never be reached: at the longest backoff too few of them fit into the window.
        var longest = MaxLosses * MaxBackoff;
        if (longest >= Window)
        {
            yield return new(
                $"{nameof(Window):key} {Window.TotalSeconds} is too short for {nameof(MaxLosses):key} {MaxLosses} restarts at the "
                    + $"maximum backoff of "
                + $"{nameof(MaxBackoff):key} {MaxBackoff.TotalSeconds} , so an actor that always fails would never be given up; "
                + $"raise it above {longest.TotalSeconds}.");
        }
    }
}
