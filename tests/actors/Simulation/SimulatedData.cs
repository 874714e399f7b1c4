using ActorTrain.Data.Plan;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>What a simulated run trains on: the plan is the real one, and samples show what a test has them show.</summary>
internal sealed class SimulatedData(BatchPlan plan)
{
    private readonly Dictionary<(long Step, int Lane), IReadOnlyList<long>> known = [];
    private SkipList knownFor = SkipList.Empty;

    public int Lanes => plan.Lanes;

    /// <summary>Whether a sample makes the gradient no number.</summary>
    public Func<long, bool> IsPoison { get; init; } = static _ => false;

    /// <summary>The loss of a lane that read samples at some positions. Sums of such losses must be exact, in whatever order.</summary>
    public Func<IReadOnlyList<long>, double> LossOf { get; set; } = static _ => 1;

    /// <summary>The norm of the update that the samples at some positions make; that of a step is the largest of its lanes.</summary>
    public Func<IReadOnlyList<long>, double> UpdateOf { get; set; } = static _ => 1;

    /// <summary>Positions of the sample stream that a lane of a step reads.</summary>
    public IReadOnlyList<long> Positions(long step, int lane, SkipList skips)
    {
        // All trainers read the same, and so do the steps of one course.
        if (!ReferenceEquals(skips, knownFor) && !skips.Equals(knownFor))
            known.Clear();
        knownFor = skips;
        if (!known.TryGetValue((step, lane), out var positions))
            known.Add((step, lane), positions = Arithmetic.Positions(plan, step, lane, skips));
        return positions;
    }
}
