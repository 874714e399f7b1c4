namespace ActorTrain.Actors.Goodput;

/// <summary>Where the time account is written.</summary>
public sealed record GoodputOptions
{
    public required string File { get; init; }

    /// <summary>When this process began: start of its account, and its identity.</summary>
    public required DateTimeOffset ProcessBegan { get; init; }

    /// <summary>Updates that earlier processes are known to have made; repetitions of these are redone steps.</summary>
    public long Reached { get; init; }

    public string Death { get; init; } = GoodputClock.Killed;

    /// <summary>Length of a row, above 0; a process that dies leaves at most this much unaccounted for, which counts as downtime.</summary>
    public TimeSpan RowInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Rows that may wait for the disk; beyond that, the oldest are dropped.</summary>
    public int Buffer { get; init; } = 1024;
}
