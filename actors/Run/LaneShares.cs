using ActorTrain.Models.Lanes;

namespace ActorTrain.Actors.Run;

/// <summary>How many lanes each trainer is given: as many as any other, unless their paces differ so much that fitted shares end much
/// sooner.</summary>
/// <param name="Counts">In the order of the trainers.</param>
/// <param name="Expected">When the last of them will be done; null if that is unknown.</param>
internal sealed record LaneShares(IReadOnlyList<int> Counts, TimeSpan? Expected)
{
    // Fitted shares have more blocks, each a vector to be published and added.
    private const double LeastGain = 1.25;

    /// <param name="perLane">Time that a lane takes each trainer; null if it is unknown.</param>
    public static LaneShares Of(int lanes, IReadOnlyList<TimeSpan?> perLane)
    {
        var equal = Equal(lanes, perLane.Count);
        if (perLane.Any(static time => time is null))
            return new LaneShares(equal, null);
        List<TimeSpan> times = [.. perLane.Select(static time => time!.Value)];
        var fitted = Fitted(lanes, times);
        var (equalTime, fittedTime) = (LastOf(equal, times), LastOf(fitted, times));
        return equalTime > fittedTime * LeastGain ? new LaneShares(fitted, fittedTime) : new LaneShares(equal, equalTime);
    }

    /// <summary>As many for each, give or take one.</summary>
    public static IReadOnlyList<int> Equal(int lanes, int trainers) =>
        [.. LaneBlock.Share(lanes, trainers).Select(static blocks => blocks.Sum(static block => block.Count))];

    /// <summary>The same with a lane at least for each, taken from those who have most.</summary>
    public LaneShares WithAll()
    {
        int[] counts = [.. Counts];
        if (counts.Sum() >= counts.Length)
        {
            for (var none = Array.IndexOf(counts, 0); none >= 0; none = Array.IndexOf(counts, 0))
            {
                counts[Array.IndexOf(counts, counts.Max())]--;
                counts[none]++;
            }
        }

        return this with { Counts = counts };
    }

    // Each lane goes to whom it makes end first.
    private static int[] Fitted(int lanes, List<TimeSpan> times)
    {
        var counts = new int[times.Count];
        var queue = new PriorityQueue<int, (TimeSpan End, int Trainer)>(times.Select(static (time, i) => (i, (time, i))));
        for (var lane = 0; lane < lanes; lane++)
        {
            var trainer = queue.Dequeue();
            counts[trainer]++;
            queue.Enqueue(trainer, (times[trainer] * (counts[trainer] + 1), trainer));
        }

        return counts;
    }

    private static TimeSpan LastOf(IReadOnlyList<int> counts, List<TimeSpan> times) =>
        counts.Zip(times, static (count, time) => time * count).Max();
}
