using System.Collections.Concurrent;
using System.Net;
using System.Runtime.InteropServices;
using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Security;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Actors.Tests.DataPlane;

/// <summary>A control process's half of the data plane, on loopback, to which nodes connect.</summary>
internal sealed class DataPlaneWorld : IDisposable
{
    public const int Lanes = 8, Reducers = 2, Capacity = 100, Slots = 2;
    public const ulong Layout = 0x1234;
    public const long Term = 5;

    /// <summary>Longer than anything that goes well takes on a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Nothing ends by time.</summary>
    public static readonly DataPlaneOptions Patient = new()
    {
        Heartbeat = TimeSpan.FromMilliseconds(50),
        Silence = Patience,
        HelloTimeout = Patience,
        AnswerTimeout = Patience,
    };

    private readonly BlockingCollection<DataPlaneNode> joined = [];
    private readonly BlockingCollection<(DataPlaneNode Node, string Reason)> gone = [];

    public DataPlaneWorld(long length, DataPlaneOptions? options = null, int lanes = Lanes, PeerSecurity? security = null,
        IExperienceSource? experiences = null)
    {
        Transport = new LocalGradientTransport(length, lanes, Reducers, capacity: 300, isShared: true);
        Snapshots = new SnapshotMemory(length, Slots, isShared: true);
        Server = new DataPlaneServer(Transport, Snapshots, Layout, Term, new IPEndPoint(IPAddress.Loopback, 0), Log, options ?? Patient,
            security, experiences);
        Server.NodeJoined += joined.Add;
        Server.NodeGone += (node, reason) => gone.Add((node, reason));
    }

    public LogLines Log { get; } = new();

    public LocalGradientTransport Transport { get; }

    public SnapshotMemory Snapshots { get; }

    public DataPlaneServer Server { get; }

    public DataPlaneHello Hello(string node, long incarnation = 1) => new()
    {
        Node = node,
        Incarnation = incarnation,
        Length = Transport.Memory.Length,
        Layout = Layout,
        Capacity = Capacity,
        Term = Term,
    };

    public DataPlaneClient Connect(string node, DataPlaneMedium medium, long incarnation = 1, DataPlaneOptions? options = null,
        IPEndPoint? through = null, PeerSecurity? security = null)
    {
        var client = DataPlaneClient.Connect(through ?? Server.Address, Hello(node, incarnation), Log,
            (options ?? Patient) with { ShareMemory = medium is DataPlaneMedium.Shared }, security);
        client.Medium.ShouldBe(medium);
        NextJoined().Name.ShouldBe(node);
        return client;
    }

    public DataPlaneNode NextJoined() =>
        joined.TryTake(out var node, Patience) ? node : throw new TimeoutException("No node joined.");

    public (DataPlaneNode Node, string Reason) NextGone() =>
        gone.TryTake(out var node, Patience) ? node : throw new TimeoutException("No node was gone.");

    /// <summary>Ends a node, and waits until nothing is held for it.</summary>
    public void End(DataPlaneClient client)
    {
        client.Dispose();
        NextGone();
    }

    public void Dispose()
    {
        Server.Dispose();
        Transport.Dispose();
        Snapshots.Dispose();
    }

    /// <summary>Writes the sum over a block of lanes of a round.</summary>
    public static FlatChecksum Fill(Tensor vector, Round round, LaneBlock block)
    {
        MemoryMarshal.AsBytes<float>(Sum(round, block, (int)vector.numel())).CopyTo(vector.bytes);
        return FlatChecksum.Of(vector);
    }

    /// <summary>The sum over a block, along the lane tree.</summary>
    public static float[] Sum(Round round, LaneBlock block, int length)
    {
        if (block.Count == 1)
        {
            var random = new Random(unchecked((int)round.Number * 1000 + block.First));
            var lane = new float[length];
            for (var i = 0; i < length; i += 1 + length / 500)
                lane[i] = random.NextSingle() - 0.5f;
            return lane;
        }

        var left = Sum(round, block with { Count = block.Count / 2 }, length);
        var right = Sum(round, new LaneBlock(block.First + block.Count / 2, block.Count / 2), length);
        for (var i = 0; i < length; i++)
            left[i] += right[i];
        return left;
    }

    public static bool Publish(IGradientPublisher transport, Round round, LaneBlock block)
    {
        var vector = transport.Memory.Rent();
        return transport.Publish(round, block, vector, Fill(vector, round, block));
    }

    /// <summary>Sums a round on all reducers.</summary>
    public static List<ShardReduced> Reduce(
        IGradientTransport transport, Round round, IReadOnlyList<LaneBlock> blocks, int lanes = Lanes) =>
        [.. Enumerable.Range(0, transport.Shards.Count).Select(reducer =>
        {
            using var reduction = new ShardReduction(transport, reducer, lanes);
            return blocks.Select(block => reduction.Add(round, block)).ToList()[^1].ShouldBeOfType<ShardReduced>();
        })];

    public static byte[] Bits(Tensor vector) => vector.bytes.ToArray();

    public static byte[] Bits(float[] vector) => MemoryMarshal.AsBytes<float>(vector).ToArray();
}
