using System.Net;
using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Storage;
using static ActorTrain.Actors.Tests.DataPlane.DataPlaneWorld;

namespace ActorTrain.Actors.Tests.DataPlane;

/// <summary>Whoever does not keep to the protocol loses its connection, with one line in the log; nobody else notices.</summary>
public sealed class DataPlaneFaultTests : IDisposable
{
    private const long Length = 1000;
    private static readonly Round Round = new(1, 0);
    private readonly DataPlaneWorld world = new(Length);
    private readonly DataPlaneClient good;
    private int rounds = 10;

    public DataPlaneFaultTests() => good = world.Connect("good", DataPlaneMedium.Tcp);

    public void Dispose()
    {
        good.Dispose();
        world.Dispose();
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "What was sent is no frame of the data plane.")]
    [InlineData("SSH-2.0-OpenSSH_9.9\r\n", "What was sent is no frame of the data plane.")]
    [InlineData("", "The connection was closed before its first frame.")]
    [InlineData("ATD", "The connection ended in the middle of a frame.")]
    public void Foreign_bytes_are_one_line_in_the_log(string sent, string reason)
    {
        using (var stranger = new RawNode(world.Server.Address))
        {
            stranger.Send(System.Text.Encoding.ASCII.GetBytes(sent));
            stranger.EndSending();
            stranger.Next().ShouldBeNull();
        }

        GoodStillWorks();
        world.Log.Lines.ShouldHaveSingleItem().ShouldEndWith($" is closed: {reason}");
    }

    [Fact]
    public void Without_a_hello_a_connection_ends_even_if_it_sends_a_byte_now_and_then()
    {
        using var hurried = new DataPlaneWorld(Length, Patient with { HelloTimeout = TimeSpan.FromMilliseconds(300) });
        using var silent = new RawNode(hurried.Server.Address);
        using var slow = new RawNode(hurried.Server.Address);
        slow.Send(slow.Hello(hurried.Hello("slow"))[..100]);
        silent.Next().ShouldBeNull();
        slow.Next().ShouldBeNull();
        SpinWait.SpinUntil(() => hurried.Log.Lines.Count > 0, Patience).ShouldBeTrue();
        hurried.Server.Dispose();
        hurried.Log.Lines.ShouldHaveSingleItem().ShouldEndWith("There was no hello for 0.3 s.");
    }

    [Fact]
    public void A_node_of_another_run_or_of_a_later_term_is_refused_with_a_sentence()
    {
        Refusal(world.Hello("a") with { Layout = 1 })
            .ShouldBe("Node a lays out its parameters in another way: its run file is not that of this run.");
        Refusal(world.Hello("a") with { Length = 7 }).ShouldBe("Vectors of node a have 7 elements; those of this run have 1000.");
        Refusal(world.Hello("a") with { Term = Term + 1 }).ShouldBe("Node a has seen term 6, and this is term 5, which has ended.");
        Refusal(world.Hello("a") with { Capacity = 5000 }).ShouldBe("Node a wants 5000 vectors, and a node has 1024 at most.");
        Refusal(world.Hello("good")).ShouldBe("Node good is connected already, as incarnation 1.");
        world.Server.Nodes.ShouldHaveSingleItem().Name.ShouldBe("good");
        GoodStillWorks();
        world.Log.Lines.Count.ShouldBe(5);

        // A node that has not heard of this term yet takes it over.
        using var late = DataPlaneClient.Connect(world.Server.Address, world.Hello("late") with { Term = 1 }, world.Log, Patient);
        late.Term.ShouldBe(Term);
    }

    [Fact]
    public void A_later_incarnation_of_a_node_takes_the_place_of_the_one_before()
    {
        using var next = world.Connect("good", DataPlaneMedium.Tcp, incarnation: 2);
        var (node, reason) = world.NextGone();
        (node.Incarnation, reason).ShouldBe((1, "Incarnation 2 of the node takes its place."));
        good.Closed.WaitHandle.WaitOne(Patience).ShouldBeTrue();
        good.Transport.Holds(Round, new LaneBlock(0, 1)).ShouldBeFalse();
        world.Server.Nodes.ShouldHaveSingleItem().Incarnation.ShouldBe(2);
    }

    [Fact]
    public void A_node_that_sends_a_byte_at_a_time_is_served()
    {
        using var slow = RawNode.Admitted(world, "slow");
        world.Transport.Open(Round);
        Publish(good.Transport, Round, new LaneBlock(0, 2)).ShouldBeTrue();
        foreach (var one in slow.Frame(new FrameHeader(FrameKind.Holds) { Number = 9, Round = Round, Block = new LaneBlock(0, 2) }))
            slow.Send(one);
        var answer = slow.Next().ShouldNotBeNull();
        (answer.Kind, answer.Number, answer.Value).ShouldBe((FrameKind.Answer, 9UL, Ranges.Done));
    }

    public static TheoryData<string> Faults => [.. Sent.Keys];

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_frame_that_does_not_fit_ends_its_connection_and_no_other(string fault)
    {
        var (send, reason) = Sent[fault];
        using var bad = RawNode.Admitted(world, "bad");
        send(bad);
        while (bad.Next() is not null)
        {
        }

        var gone = world.NextGone();
        (gone.Node.Name, gone.Reason).ShouldBe(("bad", reason));
        GoodStillWorks();
        world.Log.Lines.ShouldHaveSingleItem().ShouldBe($"The data plane of node bad (incarnation 1) ended: {reason}");
    }

    [Fact]
    public void A_side_that_says_nothing_is_given_up_in_time()
    {
        using var hurried = new DataPlaneWorld(Length, Patient with { Silence = TimeSpan.FromMilliseconds(400) });
        using var silent = RawNode.Admitted(hurried, "silent");
        hurried.NextGone().Reason.ShouldBe("Nothing could be received or sent for 0.4 s.");
    }

    [Fact]
    public void A_node_that_reads_too_slowly_is_given_up()
    {
        using var hurried = new DataPlaneWorld(3 << 20, Patient with { Silence = TimeSpan.FromSeconds(1) });
        hurried.Transport.Open(Round);
        Publish(hurried.Transport, Round, new LaneBlock(0, Lanes)).ShouldBeTrue();
        Reduce(hurried.Transport, Round, [new LaneBlock(0, Lanes)]);
        using var slow = RawNode.Admitted(hurried, "slow");
        slow.ReadNothing();
        slow.Send(slow.Frame(new FrameHeader(FrameKind.Total) { Number = 1, Round = Round }));
        var handle = slow.Next()!.Value.Handle;
        for (ulong number = 2; number < 200; number++)
        {
            var request = new FrameHeader(FrameKind.Pull) { Number = number, Handle = handle, Length = FrameHeader.LongestPayload };
            slow.Send(slow.Frame(request));
        }

        hurried.NextGone().Reason.ShouldBe("Nothing could be received or sent for 1 s.");
        hurried.Transport.Close(Round);
        hurried.Transport.Memory.Rented.ShouldBe(0);
    }

    [Fact]
    public void Frames_with_random_content_do_no_harm()
    {
        world.Transport.Open(Round);
        Publish(good.Transport, Round, new LaneBlock(0, 2)).ShouldBeTrue();
        for (var seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            using var bad = RawNode.Admitted(world, "bad");
            try
            {
                for (var frame = 0; frame < 20; frame++)
                    bad.Send(bad.Frame(RandomHeader(random), new byte[random.Next(3) == 0 ? random.Next(200) : 8]));
                bad.EndSending();
            }
            catch (IOException)
            {
                // It was closed already.
            }

            while (bad.Next() is not null)
            {
            }

            world.NextGone().Node.Name.ShouldBe("bad");
        }

        GoodStillWorks();
        using (var lease = world.Transport.Read(Round, new LaneBlock(0, 2))!)
            Bits(lease.Vector).ShouldBe(Bits(Sum(Round, new LaneBlock(0, 2), (int)Length)));
        world.Transport.CloseAll();
        world.Transport.Memory.Rented.ShouldBe(0);
    }

    private static readonly Dictionary<string, (Action<RawNode> Send, string Reason)> Sent = new()
    {
        ["a flipped bit in a header"] = (static node => node.Send(Flipped(node.Frame(new FrameHeader(FrameKind.Ping)), 77)),
            "The header of a frame has another checksum than when it was written."),
        ["a flipped bit in a payload"] = (static node =>
            node.Send(Flipped(node.Frame(new FrameHeader(FrameKind.Publish) { Number = 1 }, new byte[8]), 125)),
            "The payload of a frame has another checksum than when it was sent."),
        ["a frame that is cut off"] = (static node =>
        {
            node.Send(node.Frame(new FrameHeader(FrameKind.Ping))[..60]);
            node.EndSending();
        }, "The connection ended in the middle of a frame."),
        ["a payload that is cut off"] = (static node =>
        {
            node.Send(node.Frame(new FrameHeader(FrameKind.Publish) { Number = 1 }, new byte[8])[..^1]);
            node.EndSending();
        }, "The connection ended in the middle of a frame."),
        ["a frame twice"] = (static node =>
        {
            var frame = node.Frame(new FrameHeader(FrameKind.Holds) { Number = 1, Block = new LaneBlock(0, 1) });
            node.Send([.. frame, .. frame]);
        }, "Frame 1 came in the place of frame 2."),
        ["another term"] = (static node =>
        {
            node.Term = 4;
            node.Send(node.Frame(new FrameHeader(FrameKind.Ping)));
        }, "A frame is of term 4, and this is term 5."),
        ["another connection"] = (static node =>
        {
            node.Generation = 1;
            node.Send(node.Frame(new FrameHeader(FrameKind.Ping)));
        }, "A frame is of connection 1, and this is connection 2."),
        ["an answer to no request"] = (static node => node.Send(node.Frame(new FrameHeader(FrameKind.Answer) { Number = 3 })),
            "Request 3 was answered, but it is not open."),
        ["a second hello"] = (static node => node.Send(node.Frame(new FrameHeader(FrameKind.Hello))), "A node sends no frame Hello."),
        ["a checksum that is too short"] = (static node =>
            node.Send(node.Frame(new FrameHeader(FrameKind.Publish) { Number = 1, Block = new LaneBlock(0, 1) })),
            "A frame ends before its last number."),
        ["a checksum that is too long"] = (static node =>
            node.Send(node.Frame(new FrameHeader(FrameKind.Publish) { Number = 1, Block = new LaneBlock(0, 1) }, new byte[16])),
            "A frame has 8 bytes after its last number."),
        ["lanes beyond any number"] = (static node =>
            node.Send(node.Frame(new FrameHeader(FrameKind.Holds) { Block = new LaneBlock(1 << 30, 1 << 30) })),
            "There are no lanes 1073741824 to 2147483648."),
        ["an unknown handle"] = (static node => node.Send(node.Frame(new FrameHeader(FrameKind.Pull) { Handle = 44, Length = 8 })),
            "Nothing is open under handle 44."),
        ["a slot that is none"] = (static node => node.Send(node.Frame(new FrameHeader(FrameKind.ReadSnapshot) { Slot = -1 })),
            "There is no slot -1 for snapshots."),
        ["a range beyond the vector"] = (static node =>
        {
            node.Send(node.Frame(new FrameHeader(FrameKind.WriteSnapshot) { Number = 1, Slot = 1 }));
            var handle = node.Next()!.Value.Handle;
            node.Send(node.Frame(new FrameHeader(FrameKind.Store) { Number = 2, Handle = handle, Slot = 2, Offset = 3997 }, new byte[4]));
        }, "There are no 4 bytes at 3997 of vector 2."),
    };

    private static byte[] Flipped(byte[] bytes, int at)
    {
        bytes[at] ^= 16;
        return bytes;
    }

    private static FrameHeader RandomHeader(Random random)
    {
        var kinds = Enum.GetValues<FrameKind>().Where(static kind => kind >= FrameKind.Publish).ToArray();
        return new FrameHeader(kinds[random.Next(kinds.Length)])
        {
            Number = (ulong)random.Next(5),
            Round = random.Next(2) == 0 ? Round : new Round(random.Next(3), random.Next(3)),
            Block = random.Next(2) == 0 ? new LaneBlock(2 * random.Next(3), 2) : new LaneBlock(random.Next(-2, 20), random.Next(-2, 9)),
            Slot = random.Next(-1, 4),
            Offset = random.Next(4) == 0 ? random.NextInt64() : random.Next(-4, 5000),
            Length = random.Next(4) == 0 ? random.NextInt64(long.MinValue, long.MaxValue) : random.Next(-4, 5000),
            Handle = (ulong)random.Next(4),
            Value = (ulong)random.Next(3),
        };
    }

    private string Refusal(DataPlaneHello hello)
    {
        var refused = Should.Throw<DataPlaneException>(() => DataPlaneClient.Connect(world.Server.Address, hello, world.Log, Patient));
        refused.IsRefusal.ShouldBeTrue();
        return refused.Message;
    }

    // A whole round.
    private void GoodStillWorks()
    {
        var round = new Round(++rounds, rounds);
        world.Transport.Open(round);
        LaneBlock[] blocks = [new(0, 4), new(4, 4)];
        foreach (var block in blocks)
            Publish(good.Transport, round, block).ShouldBeTrue();
        Reduce(world.Transport, round, blocks);
        using (var total = good.Transport.Total(round).ShouldNotBeNull())
            Bits(total.Vector).ShouldBe(Bits(Sum(round, new LaneBlock(0, Lanes), (int)Length)));
        world.Transport.Close(round);
        good.Transport.Total(round).ShouldBeNull();
    }
}
