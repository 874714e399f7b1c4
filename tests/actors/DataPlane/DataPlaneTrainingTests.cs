using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tests.Training;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Actors.Tests.DataPlane;

/// <summary>Trainers on nodes end with the bits of the bare loop.</summary>
public sealed class DataPlaneTrainingTests
{
    private const int Steps = 4;

    [Theory]
    [InlineData(DataPlaneMedium.Shared)]
    [InlineData(DataPlaneMedium.Tcp)]
    public void Trainers_on_nodes_that_join_and_end_train_to_the_same_bits(DataPlaneMedium medium)
    {
        var hashes = new List<ulong>();
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                ComputeThreads.Set(1);
                hashes = Train(medium);
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.WaitToEnd();
        failure.ShouldBeNull();
        hashes.ShouldBe([TinyTraining.BareLoop(Steps), TinyTraining.BareLoop(Steps)]);
    }

    private static List<ulong> Train(DataPlaneMedium medium)
    {
        using var training = new TinyTraining();
        using var world = new DataPlaneWorld(TinyTraining.Layout.Length, lanes: TinyTraining.Lanes);
        var (one, two) = (world.Connect("one", medium), world.Connect("two", medium));
        var (first, second) = (Device(one), Device(two));
        first.Load(new FreshState(), 0).ShouldBeNull();
        second.Load(new FreshState(), 0).ShouldBeNull();
        for (var step = 0; step < Steps; step++)
        {
            var round = new Round(step + 1, step);
            world.Transport.Open(round);
            Compute(first, round, new LaneBlock(0, 4));
            Compute(second, round, new LaneBlock(4, 4));
            if (step == 1)
            {
                // A node ends; what it has published counts, and another takes its place from the first one's state.
                second.Dispose();
                world.End(two);
                two = world.Connect("two", medium, incarnation: 2);
                second = Device(two);
                var copied = first.Copy(0, step).ShouldNotBeNull();
                second.Load(new SnapshotState(0, copied.Hash), step).ShouldBeNull();
            }

            var norm = GradientNorm.OfSquares(
                DataPlaneWorld.Reduce(world.Transport, round, [new LaneBlock(0, 4), new LaneBlock(4, 4)], TinyTraining.Lanes)
                    .SelectMany(static shard => shard.Squares));
            foreach (var device in new[] { first, second })
                device.Apply(round, norm, UpdateAdjustment.None).ShouldNotBeNull();
            world.Transport.Close(round);
        }

        List<ulong> hashes = [first.Replica.HashState(), second.Replica.HashState()];
        first.Dispose();
        second.Dispose();
        world.End(one);
        world.End(two);
        world.Transport.Memory.Rented.ShouldBe(0);
        return hashes;

        ReplicaDevice Device(DataPlaneClient node) =>
            new(training.Options with { Transport = node.Transport, Snapshots = node.Snapshots });
    }

    private static void Compute(ReplicaDevice device, Round round, LaneBlock block)
    {
        device.Begin(block);
        for (var lane = block.First; lane < block.End; lane++)
            device.ComputeLanes(round.Step, new LaneBlock(lane, 1), SkipList.Empty, isRedundant: false);
        device.Publish(round).ShouldNotBeNull();
    }
}
