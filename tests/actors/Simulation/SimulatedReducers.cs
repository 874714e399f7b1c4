using System.Runtime.CompilerServices;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Stands for the actors around <see cref="ReducerLogic{TSum}"/>.</summary>
internal sealed class SimulatedReducers
{
    private readonly SimulatedWorld world;
    private readonly Action<IRunInput> report;
    private readonly int lanes;
    private readonly ReducerLogic<StrongBox<ulong>>[] logics;

    public SimulatedReducers(SimulatedWorld world, int lanes, int reducers, Action<IRunInput> report)
    {
        (this.world, this.lanes, this.report) = (world, lanes, report);
        logics = [.. Enumerable.Range(0, reducers).Select(New)];
    }

    public void Handle(int reducer, AddBlock add)
    {
        var crashes = world.Fate.Chance(world.Fate.Weather.OthersCrash);
        if ((!crashes || world.Fate.Random.Next(2) == 0) && logics[reducer].Add(add.Round, add.Block) is { } said)
            report(said);
        if (crashes)
            Replace(reducer);
    }

    /// <summary>Begins another in the place of one, which knows nothing of the round under way.</summary>
    public void Replace(int reducer)
    {
        logics[reducer] = New(reducer);
        report(new ReducerStarted(reducer));
    }

    private ReducerLogic<StrongBox<ulong>> New(int reducer) => new(reducer, lanes, new Shard(reducer, world));

    // Every shard is the sum itself: all must come to the same.
    private sealed class Shard(int number, SimulatedWorld world) : IShardSums<StrongBox<ulong>>
    {
        public StrongBox<ulong>? Read(Round round, LaneBlock block)
        {
            if (world.Plane.Find(round)?.Read(block) is not { } sum)
                return null;
            return world.Fate.Chance(world.Fate.Weather.GradientRots)
                ? throw new CorruptionException(FlatPlace.PublishedGradient, 0, sum, ~sum, block)
                : new StrongBox<ulong>(sum);
        }

        public StrongBox<ulong> Add(Round round, StrongBox<ulong> left, StrongBox<ulong> right) =>
            new(Arithmetic.Add(left.Value, right.Value));

        public ShardReduced? Complete(Round round, StrongBox<ulong> total)
        {
            if (world.Plane.Find(round) is not { } sums)
                return null;
            sums.Complete(number, total.Value);
            return new ShardReduced(number, round, [sums.IsPoisoned ? double.NaN : 1.0]);
        }

        public void Drop(StrongBox<ulong> sum)
        {
        }
    }
}
