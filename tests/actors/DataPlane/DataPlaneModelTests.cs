using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Models.Lanes;
using static ActorTrain.Actors.Tests.DataPlane.DataPlaneWorld;

namespace ActorTrain.Actors.Tests.DataPlane;

/// <summary>The transport of nodes answers as the one of a single process does, with the same bits, while nodes come and go.</summary>
public sealed class DataPlaneModelTests
{
    private const int Nodes = 3, Rounds = 5;

    [Theory]
    [InlineData(DataPlaneMedium.Shared, 300, 25)]
    [InlineData(DataPlaneMedium.Tcp, 300, 25)]
    [InlineData(DataPlaneMedium.Shared, (1 << 20) + 12_345, 2)]
    [InlineData(DataPlaneMedium.Tcp, (1 << 20) + 12_345, 2)]
    public void Any_sequence_of_calls_has_the_answers_and_bits_of_one_process(DataPlaneMedium medium, long length, int seeds)
    {
        for (var seed = 0; seed < seeds; seed++)
        {
            using var sequence = new Sequence(medium, length, seed);
            for (var call = 0; call < 150; call++)
                sequence.Call();
            sequence.End();
        }
    }

    // Each call goes to the model and to a node; the control process's own calls to both transports.
    private sealed class Sequence : IDisposable
    {
        private readonly Random random;
        private readonly string name;
        private readonly DataPlaneMedium medium;
        private readonly DataPlaneWorld world;
        private readonly LocalGradientTransport model;
        private readonly DataPlaneClient[] nodes;
        private readonly long[] incarnations = new long[Nodes];
        private readonly List<(GradientLease Ours, GradientLease Models, int Node)> leases = [];

        public Sequence(DataPlaneMedium medium, long length, int seed)
        {
            (this.medium, random, name) = (medium, new Random(seed), $"{medium}, seed {seed}");
            world = new DataPlaneWorld(length);
            model = new LocalGradientTransport(length, Lanes, Reducers, capacity: 300);
            nodes = [.. Enumerable.Range(0, Nodes).Select(Connect)];
        }

        public void Call()
        {
            var node = random.Next(Nodes);
            var transport = nodes[node].Transport;
            var round = new Round(random.Next(1, Rounds + 1), 3);
            var block = RandomBlock();
            switch (random.Next(20))
            {
                case 0 or 1 or 2:
                    world.Transport.Open(round);
                    model.Open(round);
                    break;
                case 3:
                    world.Transport.Close(round);
                    model.Close(round);
                    break;
                case < 12:
                    Publish(transport, round, block).ShouldBe(Publish(model, round, block), name);
                    break;
                case 12 or 13:
                    transport.Holds(round, block).ShouldBe(model.Holds(round, block), name);
                    break;
                case 14 or 15:
                    Reduce(round);
                    break;
                case 16 or 17:
                    Total(node, round);
                    break;
                case 18 when leases.Count > 0:
                    Release(random.Next(leases.Count));
                    break;
                case 19 when random.Next(4) == 0:
                    End(node);
                    nodes[node] = Connect(node);
                    break;
            }
        }

        public void End()
        {
            while (leases.Count > 0)
                Release(0);
            world.Transport.CloseAll();
            for (var node = 0; node < Nodes; node++)
            {
                var memory = nodes[node].Transport.Memory;
                nodes[node].Transport.Holds(new Round(1, 3), new LaneBlock(0, 1)).ShouldBeFalse();
                SpinWait.SpinUntil(() => memory.Rented == 0, BoundedWaits.Longest).ShouldBeTrue(name);
                End(node);
            }

            world.Transport.Memory.Rented.ShouldBe(0, name);
        }

        public void Dispose()
        {
            foreach (var node in nodes)
                node.Dispose();
            world.Dispose();
            model.Dispose();
        }

        private DataPlaneClient Connect(int node) => world.Connect($"node-{node}", medium, ++incarnations[node]);

        private void End(int node)
        {
            for (var i = leases.Count - 1; i >= 0; i--)
            {
                if (leases[i].Node == node)
                    Release(i);
            }

            var ended = nodes[node];
            world.End(ended);
            ended.Closed.IsCancellationRequested.ShouldBeTrue();
            ended.Transport.Holds(new Round(1, 3), new LaneBlock(0, 1)).ShouldBeFalse();
            ended.Transport.Total(new Round(1, 3)).ShouldBeNull();
            ended.Transport.Memory.Rented.ShouldBe(0, name);
        }

        private void Reduce(Round round)
        {
            if (Cover(round, new LaneBlock(0, Lanes)) is not { } blocks)
                return;
            var (ours, models) = (DataPlaneWorld.Reduce(world.Transport, round, blocks), DataPlaneWorld.Reduce(model, round, blocks));
            ours.SelectMany(static shard => shard.Squares).ShouldBe(models.SelectMany(static shard => shard.Squares), name);
        }

        private List<LaneBlock>? Cover(Round round, LaneBlock block)
        {
            if (Exists(round, block) && (block.Count == 1 || random.Next(2) == 0))
                return [block];
            var half = block.Count / 2;
            return half > 0 && Cover(round, block with { Count = half }) is { } left
                && Cover(round, new LaneBlock(block.First + half, half)) is { } right ? [.. left, .. right]
                : Exists(round, block) ? [block] : null;
        }

        private bool Exists(Round round, LaneBlock block)
        {
            using var lease = model.Read(round, block);
            return lease is not null;
        }

        private void Total(int node, Round round)
        {
            var (ours, models) = (nodes[node].Transport.Total(round), model.Total(round));
            (ours is null).ShouldBe(models is null, name);
            if (ours is null)
                return;
            Compare(ours, models!);
            leases.Add((ours, models!, node));
        }

        private void Release(int lease)
        {
            // Nobody has written to it since.
            Compare(leases[lease].Ours, leases[lease].Models);
            leases[lease].Ours.Dispose();
            leases[lease].Models.Dispose();
            leases.RemoveAt(lease);
        }

        private void Compare(GradientLease ours, GradientLease models)
        {
            ours.Checksum!.Blocks.ToArray().ShouldBe(models.Checksum!.Blocks.ToArray(), name);
            Bits(ours.Vector).AsSpan().SequenceEqual(Bits(models.Vector)).ShouldBeTrue(name);
        }

        private LaneBlock RandomBlock()
        {
            var count = 1 << random.Next(4);
            return random.Next(15) == 0 ? new LaneBlock(random.Next(Lanes), random.Next(1, Lanes))
                : new LaneBlock(random.Next(Lanes / count) * count, count);
        }
    }
}
