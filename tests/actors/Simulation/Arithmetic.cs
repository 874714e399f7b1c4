using ActorTrain.Data.Plan;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Stands in for the numbers of a model: a state is 64 bits, and whatever is done in another order, twice or not at all gives
/// others.</summary>
internal static class Arithmetic
{
    public const ulong Seed = 0x5EED;

    public static ulong Lane(ulong state, IReadOnlyList<long> positions)
    {
        var sum = Mix(state ^ 0xA5);
        for (var i = 0; i < positions.Count; i++)
            sum = Mix(sum + (ulong)positions[i]);
        return sum;
    }

    /// <summary>Neither associative nor commutative, as floating-point addition is not the one.</summary>
    public static ulong Add(ulong left, ulong right) => Mix(left * 3 + right);

    public static ulong Apply(ulong state, ulong total, double rate = 1) =>
        Mix(state * 5 ^ total ^ (rate == 1 ? 0 : BitConverter.DoubleToUInt64Bits(rate)));

    /// <summary>A learning rate of 1 throughout.</summary>
    public static LearningRateSchedule Constant(long steps) => new(Peak: 1, WarmupSteps: 0, steps, MinimumRatio: 1);

    /// <summary>Sums the lanes of a block along the tree, in place.</summary>
    public static ulong Fold(List<ulong> lanes)
    {
        for (var size = 1; size < lanes.Count; size *= 2)
        {
            for (var first = 0; first < lanes.Count; first += 2 * size)
                lanes[first] = Add(lanes[first], lanes[first + size]);
        }

        return lanes[0];
    }

    /// <param name="salt">What is learned from samples at some positions beyond them; null: nothing.</param>
    public static ulong Block(
        ulong state, LaneBlock block, Func<int, IReadOnlyList<long>> positions, Func<IReadOnlyList<long>, ulong>? salt = null)
    {
        if (block.Count == 1)
            return Lane(state ^ (salt?.Invoke(positions(block.First)) ?? 0), positions(block.First));
        var half = block.Count / 2;
        return Add(Block(state, new LaneBlock(block.First, half), positions, salt),
            Block(state, new LaneBlock(block.First + half, half), positions, salt));
    }

    /// <summary>The state after so many steps that nothing disturbed.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="steps">How many.</param>
    /// <param name="skips">What is left out, by step.</param>
    /// <param name="rate">The learning rate, by step.</param>
    /// <param name="salt">What rollouts at some positions teach at a step, given the state that sampled them and the skips, beyond what
    /// samples do.</param>
    /// <param name="schedule">Which state samples for which step; null: that of the step.</param>
    public static ulong Undisturbed(
        BatchPlan plan, long steps, Func<long, SkipList>? skips = null, Func<long, double>? rate = null,
        Func<long, ulong, SkipList, IReadOnlyList<long>, ulong>? salt = null, RolloutSchedule? schedule = null)
    {
        List<ulong> states = [Seed];
        for (long step = 0; step < steps; step++)
        {
            var at = step;
            var left = skips?.Invoke(at) ?? SkipList.Empty;
            var (before, sampler) = (states[^1], states[(int)(schedule?.WeightsOf(at) ?? at)]);
            states.Add(Apply(
                before,
                Block(
                    before, new LaneBlock(0, plan.Lanes), lane => Positions(plan, at, lane, left),
                    salt is null ? null : read => salt(at, sampler, left, read)),
                rate?.Invoke(at) ?? 1));
        }

        return states[^1];
    }

    public static IReadOnlyList<long> Positions(BatchPlan plan, long step, int lane, SkipList skips) =>
        Array.ConvertAll(plan.Samples(step, lane, skips), static sample => sample.Position);

    private static ulong Mix(ulong word)
    {
        word += 0x9E3779B97F4A7C15;
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9;
        word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
        return word ^ (word >> 31);
    }
}
