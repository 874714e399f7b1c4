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
        OnThread(() => Train(medium)).ShouldBe([TinyTraining.BareLoop(Steps), TinyTraining.BareLoop(Steps)]);
    }

    /// <summary>Two hold the optimizer's state, one of which is replaced; a third holds none.</summary>
    [Theory]
    [InlineData(DataPlaneMedium.Shared)]
    [InlineData(DataPlaneMedium.Tcp)]
    public void Trainers_on_nodes_that_share_the_optimizers_state_train_to_the_same_bits(DataPlaneMedium medium) =>
        OnThread(() => TrainDivided(medium)).ShouldBe([TinyTraining.BareLoop(Steps)]);

    private static List<ulong> OnThread(Func<List<ulong>> train)
    {
        var hashes = new List<ulong>();
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                ComputeThreads.Set(1);
                hashes = train();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.WaitToEnd();
        failure.ShouldBeNull();
        return hashes;
    }

    private static List<ulong> TrainDivided(DataPlaneMedium medium)
    {
        using var training = new TinyTraining();
        using var world = new DataPlaneWorld(TinyTraining.Layout.Length, lanes: TinyTraining.Lanes);
        var shards = world.Transport.Shards.Count;
        var (owned, none) = (new OwnedShards(shards, [.. Enumerable.Range(0, shards)]), new OwnedShards(shards, []));
        List<DataPlaneClient> nodes = [.. new[] { "one", "two", "three" }.Select(name => world.Connect(name, medium))];
        List<ReplicaDevice> devices = [.. nodes.Select(Device)];
        devices[0].Load(new FreshState(), 0, owned).ShouldBeNull();
        devices[1].Load(new FreshState(), 0, owned).ShouldBeNull();
        devices[2].Load(new FreshState(), 0, none).ShouldBeNull();
        for (var step = 0; step < Steps; step++)
        {
            var round = new Round(step + 1, step);
            world.Transport.Open(round);
            Compute(devices[0], round, new LaneBlock(0, 4));
            Compute(devices[2], round, new LaneBlock(4, 4));
            var norm = GradientNorm.OfSquares(
                DataPlaneWorld.Reduce(world.Transport, round, [new LaneBlock(0, 4), new LaneBlock(4, 4)], TinyTraining.Lanes)
                    .SelectMany(static shard => shard.Squares));
            devices[2].Apply(round, norm, UpdateAdjustment.None).ShouldBeNull("nobody has published");
            if (step == 1)
            {
                // An owner ends; another takes its place from the state of the other, and catches up.
                devices[1].Dispose();
                world.End(nodes[1]);
                nodes[1] = world.Connect("two", medium, incarnation: 2);
                devices[1] = Device(nodes[1]);
                var hash = devices[0].Copy(new CopyState(0, step, 7) { Shards = owned }).ShouldNotBeNull().Hash.ShouldNotBeNull();
                devices[1].Load(new SnapshotState(0, hash), step, owned).ShouldBeNull();
                devices[0].UpdateShards(round, norm, UpdateAdjustment.None).ShouldNotBeNull();
            }
            else
            {
                var first = devices[0].UpdateShards(round, norm, UpdateAdjustment.None).ShouldNotBeNull();
                devices[1].UpdateShards(round, norm, UpdateAdjustment.None).ShouldBe(first);
            }

            List<ulong?> checksums = [.. devices.Select(device =>
                device.Apply(round, norm, UpdateAdjustment.None).ShouldNotBeNull().Checksum)];
            checksums.Distinct().ShouldHaveSingleItem();
            world.Transport.Close(round);
        }

        devices[2].Replica.MomentVectors.ShouldBeEmpty();
        var whole = devices[1].Copy(new CopyState(0, Steps, 9) { Shards = owned }).ShouldNotBeNull().Hash.ShouldNotBeNull();
        devices.ForEach(static device => device.Dispose());
        nodes.ForEach(world.End);
        world.Transport.Memory.Rented.ShouldBe(0);
        return [whole];

        ReplicaDevice Device(DataPlaneClient node) =>
            new(training.Options with { Transport = node.Transport, Snapshots = node.Snapshots });
    }

    private static List<ulong> Train(DataPlaneMedium medium)
    {
        using var training = new TinyTraining();
        using var world = new DataPlaneWorld(TinyTraining.Layout.Length, lanes: TinyTraining.Lanes);
        var (one, two) = (world.Connect("one", medium), world.Connect("two", medium));
        var (first, second) = (Device(one), Device(two));
        first.Load(new FreshState(), 0, null).ShouldBeNull();
        second.Load(new FreshState(), 0, null).ShouldBeNull();
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
                var copied = first.Copy(new CopyState(0, step, step)).ShouldNotBeNull();
                second.Load(new SnapshotState(0, copied.Hash!.Value), step, null).ShouldBeNull();
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
