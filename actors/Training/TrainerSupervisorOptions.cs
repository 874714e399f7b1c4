using System.Globalization;

namespace ActorTrain.Actors.Training;

/// <summary>How trainers are kept alive.</summary>
public sealed record TrainerSupervisorOptions
{
    /// <summary>Threads that a trainer's computations use.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Wait before a trainer that was lost is started again; doubled with each loss that follows. Short at first: so it has a state again before the others are
    /// done with its lanes, and loses no further step.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest such wait.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A life that lasted so long was healthy: the next wait is the shortest again. Much longer than the longest wait, and trainers that are lost now
    /// and then would be waited for as if they were hopeless.</summary>
    public TimeSpan ResetAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Losses of one trainer within <see cref="Window"/> that are borne; with one more it is given up.</summary>
    public int MaxLosses { get; init; } = 10;

    /// <summary>The time in which losses are counted.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Where to look for more when a trainer is given up, such as the name of a log file.</summary>
    public string Log { get; init; } = "the program's log";

    /// <summary>What a run whose trainers run out of memory is told: how much it needs, and what needs less.</summary>
    public string MemoryAdvice { get; init; } = "";

    /// <summary>Says what is wrong with these options, one sentence each; empty when nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (Threads < 1)
            yield return $"trainers.threads is {Threads}; it must be at least 1.";
        if (MinBackoff <= TimeSpan.Zero)
            yield return $"trainers.min_backoff is {Seconds(MinBackoff)}; it must be more than 0.";
        if (MaxBackoff < MinBackoff)
            yield return $"trainers.max_backoff is {Seconds(MaxBackoff)}; it must be at least trainers.min_backoff, {Seconds(MinBackoff)}.";
        if (ResetAfter < MaxBackoff)
            yield return $"trainers.reset_after is {Seconds(ResetAfter)}; it must be at least trainers.max_backoff, {Seconds(MaxBackoff)}.";
        if (MaxLosses < 0)
            yield return $"trainers.max_losses is {MaxLosses}; it must be 0 (none is borne) or more.";
        if (Window < MaxBackoff)
            yield return $"trainers.window is {Seconds(Window)}; it must be at least trainers.max_backoff, {Seconds(MaxBackoff)}, or losses are never counted together.";
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");
}
