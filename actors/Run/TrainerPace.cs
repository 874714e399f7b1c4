using ActorTrain.Actors.Checkpoints;

namespace ActorTrain.Actors.Run;

/// <summary>How long a lane takes a trainer, from its assignment until the sum is published.</summary>
internal sealed class TrainerPace
{
    private const int LeastRounds = 3;
    private const int MeasuredRounds = 5;

    private readonly DurationWindow times = new(MeasuredRounds);
    private (DateTimeOffset At, int Lanes)? begun;
    private int measured;

    /// <summary>The median of the last rounds; null while there are too few.</summary>
    public TimeSpan? PerLane => measured < LeastRounds ? null : times.Median;

    /// <summary>Whether it is given fewer lanes than the others because of it.</summary>
    public bool IsSlow { get; set; }

    public void Begin(DateTimeOffset at, int lanes) => begun = lanes > 0 ? (at, lanes) : null;

    /// <summary>All its lanes of the round are done, by itself or, since it was late, by others.</summary>
    public void Finish(DateTimeOffset at)
    {
        if (begun is var (since, lanes))
        {
            times.Add((at - since) / lanes);
            measured++;
        }

        begun = null;
    }

    /// <summary>The round tells nothing of its pace.</summary>
    public void GiveUp() => begun = null;
}
