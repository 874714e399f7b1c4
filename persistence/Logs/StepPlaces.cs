namespace ActorTrain.Persistence.Logs;

/// <summary>Where a log has the newest row of each step under some decisions, in memory that hardly grows with the run.</summary>
/// <remarks>Of a stretch of consecutive steps, only every 64th place is kept. The rows between are found by reading on from it.</remarks>
internal sealed class StepPlaces
{
    private const int Every = 64;
    private readonly List<Stretch> stretches = [];

    /// <summary>Adds the row of a step, behind all that were added before.</summary>
    public void Add(long step, string decisions, long offset)
    {
        if (stretches is not [.., var last] || last.Next != step || last.Decisions != decisions)
            stretches.Add(last = new Stretch(step, decisions));
        last.Add(offset);
    }

    /// <returns>An offset at or before the newest row of the step, with no other row of the step from there to it; null if there is
    /// none.</returns>
    public long? Find(long step, string decisions) => stretches.FindLast(stretch => stretch.Holds(step, decisions))?.Before(step);

    private sealed class Stretch(long first, string decisions)
    {
        private readonly List<long> offsets = [];
        private long count;

        public string Decisions => decisions;

        public long Next => first + count;

        public bool Holds(long step, string others) => step >= first && step < Next && decisions == others;

        public long Before(long step) => offsets[(int)((step - first) / Every)];

        public void Add(long offset)
        {
            if (count++ % Every == 0)
                offsets.Add(offset);
        }
    }
}
