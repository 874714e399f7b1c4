using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>The data plane of a simulated run: gradients by round, snapshots, checkpoints.</summary>
internal sealed class SimulatedPlane
{
    private readonly Dictionary<Round, RoundSums> open = [];

    public (ulong State, long Step)[] Slots { get; } = new (ulong, long)[8];

    public SortedDictionary<long, ulong> Checkpoints { get; } = [];

    /// <summary>The overrides of each checkpoint.</summary>
    public Dictionary<long, RunOverrides> Courses { get; } = [];

    /// <summary>What each checkpoint says of work that is not proved.</summary>
    public Dictionary<long, string> Unproved { get; } = [];

    public int OpenRounds => open.Count;

    public void Open(Round round) => open.Add(round, new RoundSums());

    public void Close(Round round) => open.Remove(round);

    public void CloseAll() => open.Clear();

    public RoundSums? Find(Round round) => open.GetValueOrDefault(round);

    internal sealed class RoundSums
    {
        public Dictionary<LaneBlock, ulong> Blocks { get; } = [];

        /// <summary>Whether a position was read that makes the gradient no number.</summary>
        public bool IsPoisoned { get; set; }

        /// <summary>Norm of the update that the gradient makes.</summary>
        public double UpdateNorm { get; set; }

        public ulong?[] Totals { get; } = new ulong?[8];
    }
}
