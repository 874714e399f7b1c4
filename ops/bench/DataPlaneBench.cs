using System.Diagnostics;
using System.Globalization;
using System.Net;
using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using TorchSharp;

namespace ActorTrain.Bench;

/// <summary>The data plane between processes of one host, both ends in this process: the reduction of two blocks through shared memory,
/// against the same in one process, and the copy of a total through a connection on loopback, against the copies that the kernel makes for
/// it.</summary>
internal static class DataPlaneBench
{
    private const long Length = 11_000_000;
    private const long Bytes = Length * sizeof(float);
    private const int Lanes = 2;
    private const int Rounds = 41;
    private const int PieceBytes = 1 << 20;
    private const ulong Layout = 1;
    private static readonly LaneBlock Left = new(0, 1), Right = new(1, 1), All = new(0, Lanes);

    public static void Run(Figures figures)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\ndata_plane: a vector of {Bytes / 1e6:F0} MB between processes; medians of {Rounds} rounds"));
        var reducers = Environment.ProcessorCount;
        using var transport = new LocalGradientTransport(Length, Lanes, reducers, capacity: 16, isShared: true);
        using var local = new LocalGradientTransport(Length, Lanes, reducers, capacity: 16);
        using var snapshots = new SnapshotMemory(Length, slots: 1, isShared: true);
        using var server = new DataPlaneServer(
            transport, snapshots, Layout, term: 1, new IPEndPoint(IPAddress.Loopback, 0), NullLogger.Instance);
        using (var one = Connect(server, "one", share: true))
        using (var two = Connect(server, "two", share: true))
            Reduce(figures, transport, local, one.Transport, two.Transport);
        using (var node = Connect(server, "node", share: false))
            Copy(figures, transport, node.Transport);
    }

    private static DataPlaneClient Connect(DataPlaneServer server, string name, bool share)
    {
        var hello = new DataPlaneHello { Node = name, Incarnation = 1, Length = Length, Layout = Layout, Capacity = 4 };
        return DataPlaneClient.Connect(server.Address, hello, NullLogger.Instance, new DataPlaneOptions { ShareMemory = share });
    }

    private static void Reduce(Figures figures, LocalGradientTransport transport, LocalGradientTransport local, IGradientPublisher one,
        IGradientPublisher two)
    {
        var (nodes, process) = (new List<Phases>(), new List<Phases>());
        for (var round = -2; round < Rounds; round++)
        {
            var at = new Round(round + 3, 0);
            var (through, within) = round % 2 == 0 ? (Reduction(at, transport, one, two), Reduction(at, local, local, local))
                : Turned(Reduction(at, local, local, local), Reduction(at, transport, one, two));
            if (round < 0)
                continue;
            nodes.Add(through);
            process.Add(within);
        }

        Print("two nodes", nodes);
        Print("one process", process);
        figures.Add("data_plane.shared.sum_ms", nodes.Select(static phases => phases.Sum).Median());
        figures.Add("data_plane.shared.reduce_ms", nodes.Select(static phases => phases.All).Median());
        figures.Add("data_plane.shared.vs_process", process.Zip(nodes, static (a, b) => a.All / b.All).Median());

        static (Phases, Phases) Turned(Phases within, Phases through) => (through, within);

        static void Print(string name, List<Phases> phases)
        {
            var (publish, sum) = (phases.Select(static p => p.Publish).Median(), phases.Select(static p => p.Sum).Median());
            var (total, all) = (phases.Select(static p => p.Total).Median(), phases.Select(static p => p.All).Median());
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {name,-12} published {publish:F2} ms, summed {sum:F2}, total opened twice {total:F2}, in all {all:F2}"));
        }
    }

    // A trainer computes the checksum of its sum while it is being added up.
    private static Phases Reduction(Round round, LocalGradientTransport transport, IGradientPublisher one, IGradientPublisher two)
    {
        transport.Open(round);
        var (left, right) = (one.Memory.Rent(), two.Memory.Rent());
        left.fill_(round.Number);
        right.fill_(0.5f);
        var (ofLeft, ofRight) = (FlatChecksum.Of(left), FlatChecksum.Of(right));
        var began = Stopwatch.GetTimestamp();
        if (!one.Publish(round, Left, left, ofLeft) || !two.Publish(round, Right, right, ofRight))
            throw new InvalidOperationException("A sum was refused.");
        var published = Stopwatch.GetTimestamp();
        Parallel.For(0, transport.Shards.Count, shard =>
        {
            ComputeThreads.Set(1);
            using var reduction = new ShardReduction(transport, shard, Lanes);
            reduction.Add(round, Left);
            reduction.Add(round, Right);
        });
        var summed = Stopwatch.GetTimestamp();
        using (var first = one.Total(round))
        using (var second = two.Total(round))
        {
            var opened = Stopwatch.GetTimestamp();
            if (first?.Vector[Length - 1].item<float>() != round.Number + 0.5f || second?.Checksum?.Hash != first.Checksum?.Hash)
                throw new InvalidOperationException("The total is wrong.");
            transport.Close(round);
            return new Phases(Milliseconds(began, published), Milliseconds(published, summed), Milliseconds(summed, opened));
        }
    }

    private static void Copy(Figures figures, LocalGradientTransport transport, IGradientPublisher node)
    {
        using var from = torch.ones(Length);
        using var to = torch.zeros(Length);
        using var piece = torch.zeros(PieceBytes / sizeof(float));
        var (tcp, bound, copy) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = -2; round < Rounds; round++)
        {
            var pulled = Pull(new Round(1000 + round, 0), transport, node);
            var through = Gigabytes(() => MemoryCopy(from.Address(), to.Address(), piece.Address()));
            var straight = Gigabytes(() => MemoryCopy(from.Address(), to.Address(), 0));
            if (round < 0)
                continue;
            tcp.Add(pulled);
            bound.Add(through);
            copy.Add(straight);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  a total through loopback {tcp.Median():F2} GB/s ({tcp.Min():F2} … {tcp.Max():F2}); memcpy into a buffer of 1 MiB and out "
            + $"of it {bound.Median():F2} GB/s, memcpy {copy.Median():F2} GB/s, on one thread"));
        figures.Add("data_plane.tcp.gigabytes_per_second", tcp.Median());
        figures.Add("data_plane.tcp.vs_memcpy_bound", tcp.Zip(bound, static (a, b) => a / b).Median());
        figures.Add("data_plane.tcp.vs_memcpy", tcp.Zip(copy, static (a, b) => a / b).Median());
    }

    private static double Pull(Round round, LocalGradientTransport transport, IGradientPublisher node)
    {
        transport.Open(round);
        var vector = transport.Memory.Rent();
        vector.fill_(round.Number);
        transport.Publish(round, All, vector, FlatChecksum.OfZeros(Length));
        foreach (var shard in transport.Shards)
            transport.CompleteShard(round, shard.Number, null);
        var speed = Gigabytes(() =>
        {
            using var total = node.Total(round);
            if (total?.Vector[Length - 1].item<float>() != round.Number)
                throw new InvalidOperationException("The total is wrong.");
        });
        transport.Close(round);
        return speed;
    }

    private static unsafe void MemoryCopy(nint from, nint to, nint through)
    {
        for (long offset = 0; offset < Bytes; offset += PieceBytes)
        {
            var count = Math.Min(PieceBytes, Bytes - offset);
            var source = from + (nint)offset;
            if (through != 0)
            {
                Buffer.MemoryCopy((void*)source, (void*)through, count, count);
                source = through;
            }

            Buffer.MemoryCopy((void*)source, (void*)(to + (nint)offset), count, count);
        }
    }

    private static double Gigabytes(Action move)
    {
        var began = Stopwatch.GetTimestamp();
        move();
        return Bytes / 1e9 / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static double Milliseconds(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds;

    private readonly record struct Phases(double Publish, double Sum, double Total)
    {
        public double All => Publish + Sum + Total;
    }
}
