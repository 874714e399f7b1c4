using System.Buffers.Binary;
using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Storage;
using static ActorTrain.Actors.Tests.DataPlane.DataPlaneWorld;

namespace ActorTrain.Actors.Tests.DataPlane;

/// <summary>Nodes that work, end in the middle of it, and have bad connections.</summary>
public sealed class DataPlaneNodeTests
{
    private const int Nodes = 4;
    private const long Long = 2 * FlatSums.Block + 777;
    private static readonly LaneBlock All = new(0, Lanes);
    private static readonly Round First = new(1, 0);

    [Theory]
    [InlineData(DataPlaneMedium.Shared)]
    [InlineData(DataPlaneMedium.Tcp)]
    public void Rounds_are_completed_with_the_same_bits_whatever_nodes_end_in_the_middle_of_them(DataPlaneMedium medium)
    {
        const int length = 50_000;
        using var world = new DataPlaneWorld(length);
        var random = new Random(7);
        var incarnations = new long[Nodes];
        var nodes = Enumerable.Range(0, Nodes).Select(Connect).ToArray();
        for (var number = 1; number <= 40; number++)
        {
            var round = new Round(number, number);
            world.Transport.Open(round);
            var (victim, delay, isOwnEnd) = (random.Next(2 * Nodes), random.Next(2000), random.Next(2) == 0);
            var published = new bool[Lanes];
            var trainers = Enumerable.Range(0, Lanes).Select(lane => new Thread(() =>
            {
                try
                {
                    published[lane] = Publish(nodes[lane % Nodes].Transport, round, new LaneBlock(lane, 1));
                }
                catch (ObjectDisposedException)
                {
                    // Of the node that ended.
                }
            })).ToList();
            trainers.ForEach(static trainer => trainer.Start());
            if (victim < Nodes)
            {
                Thread.SpinWait(delay * 20);
                if (isOwnEnd)
                    nodes[victim].Dispose();
                else
                    world.Server.Disconnect($"node-{victim}", incarnations[victim], "It is cut off.");
            }

            trainers.ForEach(static trainer => trainer.WaitToEnd());
            if (victim < Nodes)
            {
                world.NextGone().Node.Name.ShouldBe($"node-{victim}");
                nodes[victim].Dispose();
                nodes[victim].Transport.Memory.Rented.ShouldBe(0);
                nodes[victim] = Connect(victim);
            }

            // What was answered with yes is there; the rest is published by others.
            for (var lane = 0; lane < Lanes; lane++)
            {
                var block = new LaneBlock(lane, 1);
                var isThere = world.Transport.Holds(round, block);
                (isThere || !published[lane]).ShouldBeTrue($"lane {lane} of {round}");
                if (!isThere)
                    Publish(nodes[random.Next(Nodes)].Transport, round, block).ShouldBeTrue();
            }

            Reduce(world.Transport, round, [.. Enumerable.Range(0, Lanes).Select(static lane => new LaneBlock(lane, 1))]);
            var expected = Bits(Sum(round, All, length));
            var readers = Enumerable.Range(0, 2 * Nodes).Select(trainer => new Thread(() =>
            {
                using var total = nodes[trainer % Nodes].Transport.Total(round);
                published[trainer] = total is not null && Bits(total.Vector).AsSpan().SequenceEqual(expected)
                    && FlatChecksum.Of(total.Vector).Hash == total.Checksum!.Hash;
            })).ToList();
            readers.ForEach(static reader => reader.Start());
            readers.ForEach(static reader => reader.WaitToEnd());
            published.ShouldAllBe(static isRight => isRight);
            world.Transport.Close(round);
        }

        foreach (var node in nodes)
            world.End(node);
        world.Transport.Memory.Rented.ShouldBe(0);

        DataPlaneClient Connect(int node) => world.Connect($"node-{node}", medium, ++incarnations[node]);
    }

    [Theory]
    [InlineData(DataPlaneMedium.Shared)]
    [InlineData(DataPlaneMedium.Tcp)]
    public void A_total_that_is_the_sum_of_a_node_that_is_gone_is_read_by_another(DataPlaneMedium medium)
    {
        using var world = new DataPlaneWorld(Long);
        using var reader = world.Connect("reader", medium);
        var author = world.Connect("author", medium);
        world.Transport.Open(First);
        Publish(author.Transport, First, All).ShouldBeTrue();
        Publish(author.Transport, First, All).ShouldBeFalse();
        world.End(author);
        Reduce(world.Transport, First, [All]);
        var expected = Bits(Sum(First, All, (int)Long));
        using (var total = reader.Transport.Total(First).ShouldNotBeNull())
        {
            Bits(total.Vector).AsSpan().SequenceEqual(expected).ShouldBeTrue();

            // It is mapped, or copied, as long as somebody reads it.
            world.Transport.Close(First);
            reader.Transport.Total(First).ShouldBeNull();
            Bits(total.Vector).AsSpan().SequenceEqual(expected).ShouldBeTrue();
        }

        world.End(reader);
        world.Transport.Memory.Rented.ShouldBe(0);
    }

    [Theory]
    [InlineData(DataPlaneMedium.Shared)]
    [InlineData(DataPlaneMedium.Tcp)]
    public void Snapshots_go_both_ways(DataPlaneMedium medium)
    {
        using var world = new DataPlaneWorld(Long);
        using var writer = world.Connect("writer", medium);
        using var reader = world.Connect("reader", medium);
        reader.Snapshots.Read(1).ShouldBeNull();
        ulong hash;
        using (var slot = writer.Snapshots.Write(1, 17).ShouldNotBeNull())
        {
            hash = FillSnapshot(slot, 5);
            reader.Snapshots.Read(1).ShouldBeNull();
            slot.Complete(hash).ShouldBeTrue();
        }

        using (var here = world.Snapshots.Read(1).ShouldNotBeNull())
            (here.Step, here.Hash, here.Damage()).ShouldBe((17, hash, null));
        using var there = reader.Snapshots.Read(1).ShouldNotBeNull();
        (there.Step, there.Hash, there.Damage()).ShouldBe((17, hash, null));
        there.SecondMoment.Slice(there.SecondMoment.Length - 1, 1)[0].ShouldBe((byte)7);

        // What is read stays as it is while the slot is filled again.
        using (var again = writer.Snapshots.Write(1, 18).ShouldNotBeNull())
        {
            var other = FillSnapshot(again, 90);
            there.Damage().ShouldBeNull();
            again.Complete(other).ShouldBeTrue();
        }

        there.Damage().ShouldBeNull();
    }

    [Theory]
    [InlineData(DataPlaneMedium.Shared)]
    [InlineData(DataPlaneMedium.Tcp)]
    public void A_slot_that_is_filled_by_a_node_that_is_gone_stays_empty_and_its_memory_is_not_given_to_another(DataPlaneMedium medium)
    {
        using var world = new DataPlaneWorld(1000);
        var lost = world.Connect("lost", medium);
        var slot = lost.Snapshots.Write(0, 4).ShouldNotBeNull();
        FillSnapshot(slot, 1);
        world.Server.Disconnect("lost", 1, "It is cut off.");
        world.NextGone();
        world.Snapshots.Read(0).ShouldBeNull();
        ulong hash;
        using (var next = world.Snapshots.Write(0, 5))
        {
            hash = FillSnapshot(next, 50);
            next.Complete(hash).ShouldBeTrue();
        }

        // It does not know yet.
        FillSnapshot(slot, 100);
        slot.Complete(1).ShouldBeFalse();
        slot.Dispose();
        using (var read = world.Snapshots.Read(0).ShouldNotBeNull())
            (read.Hash, read.Damage()).ShouldBe((hash, null));
        world.Snapshots.Allocated.ShouldBe(1);
        lost.Snapshots.Write(0, 6).ShouldBeNull();
        lost.Snapshots.Read(0).ShouldBeNull();
        lost.Dispose();
    }

    [Fact]
    public void A_range_that_is_damaged_on_its_way_is_sent_again()
    {
        using var world = new DataPlaneWorld(Long);
        var seen = 0;
        using var proxy = new DataPlaneProxy(world.Server.Address, (_, frame) =>
        {
            if (frame.Length > 10_000 && Interlocked.Increment(ref seen) % 3 == 0)
                frame[^5000] ^= 1;
            return frame;
        });
        using var node = world.Connect("node", DataPlaneMedium.Tcp, through: proxy.Address);
        world.Transport.Open(First);
        Publish(node.Transport, First, All).ShouldBeTrue();
        Reduce(world.Transport, First, [All]);
        using (var total = node.Transport.Total(First).ShouldNotBeNull())
            Bits(total.Vector).AsSpan().SequenceEqual(Bits(Sum(First, All, (int)Long))).ShouldBeTrue();
        using (var slot = node.Snapshots.Write(0, 1).ShouldNotBeNull())
            slot.Complete(FillSnapshot(slot, 1)).ShouldBeTrue();
        using (var read = node.Snapshots.Read(0).ShouldNotBeNull())
            read.Damage().ShouldBeNull();
        seen.ShouldBeGreaterThan(60);
        node.Reason.ShouldBeNull();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_connection_on_which_ranges_never_arrive_as_they_were_sent_is_given_up(bool isToNode)
    {
        using var world = new DataPlaneWorld(1000);
        using var proxy = new DataPlaneProxy(world.Server.Address, (toNode, frame) =>
        {
            if (toNode == isToNode && frame.Length > 3000)
                frame[^1000] ^= 1;
            return frame;
        });
        using var node = world.Connect("node", DataPlaneMedium.Tcp, through: proxy.Address);
        world.Transport.Open(First);
        if (isToNode)
        {
            Publish(world.Transport, First, All).ShouldBeTrue();
            Reduce(world.Transport, First, [All]);
            node.Transport.Total(First).ShouldBeNull();
        }
        else
        {
            Publish(node.Transport, First, All).ShouldBeFalse();
            world.Transport.Holds(First, All).ShouldBeFalse();
        }

        var reason = world.NextGone().Reason;
        (isToNode ? node.Reason : reason).ShouldBe("A range arrived 3 times with another checksum than when it was sent.");
        node.Closed.WaitHandle.WaitOne(BoundedWaits.Longest).ShouldBeTrue();
        world.Transport.CloseAll();
        world.Transport.Memory.Rented.ShouldBe(0);
    }

    [Fact]
    public void A_total_is_copied_once_for_all_trainers_of_a_node()
    {
        using var world = new DataPlaneWorld(Long);
        var pieces = 0;
        using var proxy = new DataPlaneProxy(world.Server.Address, (isToNode, frame) =>
        {
            if (isToNode && frame.Length > 1000)
                Interlocked.Increment(ref pieces);
            return frame;
        });
        using var node = world.Connect("node", DataPlaneMedium.Tcp, through: proxy.Address);
        for (var number = 1; number <= 3; number++)
        {
            var round = new Round(number, 0);
            world.Transport.Open(round);
            Publish(world.Transport, round, All);
            Reduce(world.Transport, round, [All]);
            var totals = new GradientLease?[6];
            var trainers = totals.Select((_, trainer) => new Thread(() => totals[trainer] = node.Transport.Total(round))).ToList();
            trainers.ForEach(static trainer => trainer.Start());
            trainers.ForEach(static trainer => trainer.WaitToEnd());
            foreach (var total in totals)
            {
                total.ShouldNotBeNull().Vector.ShouldBeSameAs(totals[0]!.Vector);
                total.Dispose();
            }

            world.Transport.Close(round);
        }

        pieces.ShouldBe(3 * (int)((Long * sizeof(float) + FrameHeader.LongestPayload - 1) / FrameHeader.LongestPayload));
    }

    [Theory]
    [InlineData(DataPlaneMedium.Shared)]
    [InlineData(DataPlaneMedium.Tcp)]
    public void Calls_that_wait_for_an_answer_end_with_the_connection(DataPlaneMedium medium)
    {
        using var world = new DataPlaneWorld(1000);
        using var isAsked = new ManualResetEventSlim();
        using var proxy = new DataPlaneProxy(world.Server.Address, (isToNode, frame) =>
        {
            // The question does not arrive.
            if (isToNode || BinaryPrimitives.ReadUInt16LittleEndian(frame.AsSpan(6)) != (ushort)FrameKind.Publish)
                return frame;
            isAsked.Set();
            isAsked.Wait(TimeSpan.FromMilliseconds(1));
            return null;
        });
        using var node = world.Connect("node", medium, through: proxy.Address);
        world.Transport.Open(First);
        Publish(node.Transport, First, All).ShouldBeFalse();
        isAsked.IsSet.ShouldBeTrue();
        world.NextGone();
        world.Transport.Holds(First, All).ShouldBeFalse();
        node.Reason.ShouldNotBeNull();
    }

    [Fact]
    public void Where_nobody_listens_or_answers_a_node_says_so()
    {
        using var world = new DataPlaneWorld(1000);
        var (address, hello) = (world.Server.Address, world.Hello("node"));
        world.Server.Dispose();
        var failed = Should.Throw<DataPlaneException>(() => DataPlaneClient.Connect(address, hello, world.Log, Patient));
        failed.Message.ShouldStartWith($"The data plane at {address} cannot be reached: Connection refused");
        failed.IsRefusal.ShouldBeFalse();
        Should.Throw<OperationCanceledException>(() =>
            DataPlaneClient.Connect(address, hello, world.Log, Patient, cancellation: new CancellationToken(canceled: true)));
    }

    private static ulong FillSnapshot(SnapshotWriter slot, byte value)
    {
        foreach (var vector in new[] { slot.Weights, slot.FirstMoment, slot.SecondMoment })
            vector.Slice(0, (int)vector.Length).Fill(value++);
        return StateHash.Of(slot.Weights, slot.FirstMoment, slot.SecondMoment);
    }
}
