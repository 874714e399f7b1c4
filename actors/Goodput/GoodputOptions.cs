namespace ActorTrain.Actors.Goodput;

/// <summary>Where it is written down what the time of a run goes into.</summary>
public sealed record GoodputOptions
{
    public required string File { get; init; }

    /// <summary>When this process began: time from then on is the run's, and it tells this process from others.</summary>
    public required DateTimeOffset ProcessBegan { get; init; }

    /// <summary>Updates that earlier processes are known to have made: whatever is not above is redone.</summary>
    public long Reached { get; init; }

    /// <summary>Cause of the time without a process, where the one before died.</summary>
    public string Death { get; init; } = GoodputClock.Killed;

    /// <summary>A row spans so much time, above 0; a process that dies leaves at most as much unaccounted for, which counts as
    /// down.</summary>
    public TimeSpan RowInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Rows that may wait for the disk; with more, the oldest are given up.</summary>
    public int Buffer { get; init; } = 1024;
}
