using ActorTrain.Models.Batches;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Steps;
using ActorTrain.Tests.Replicas;

namespace ActorTrain.Models.Tests.Steps;

public sealed class BlockGradientTests
{
    private const int Lanes = 8;
    private static readonly ModelOptions Model =
        ModelOptions.FromDepth(1) with { ContextLength = 8, VocabularySize = 31, Heads = 2, KeyValueHeads = 2 };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Lanes_one_by_one_give_the_bits_of_all_at_once_in_as_many_vectors_as_the_tree_is_deep(bool fused)
    {
        using var replica = Make(fused, out var memory);
        var whole = new LaneBlock(0, Lanes);
        var expected = replica.Gradient(whole, Batches, 1000);
        var (bits, loss) = (expected.Gradient.bytes.ToArray(), expected.Loss);
        replica.ReturnGradient(expected.Gradient);
        for (var time = 0; time < 3; time++)
        {
            using var block = replica.Begin(whole);
            for (var lane = 0; lane < Lanes; lane++)
            {
                (block.NextLane, block.IsComplete).ShouldBe((lane, false));
                block.Add(Batches(lane), 1000);
            }

            block.IsComplete.ShouldBeTrue();
            var sum = block.Take();
            sum.Gradient.bytes.SequenceEqual(bits).ShouldBeTrue();
            sum.Loss.ShouldBe(loss);
            replica.ReturnGradient(sum.Gradient);
        }

        (memory.Rented, memory.Allocated).ShouldBe((0, int.Log2(Lanes) + 1));
        memory.Dispose();
    }

    [Fact]
    public void A_block_that_is_given_up_gives_its_memory_back_and_the_next_is_not_touched_by_it()
    {
        using var replica = Make(fused: true, out var memory);
        var first = replica.Gradient(new LaneBlock(0, 4), Batches, 1000).Gradient;
        var expected = first.bytes.ToArray();
        replica.ReturnGradient(first);
        for (var lanes = 1; lanes < 4; lanes++)
        {
            using (var given = replica.Begin(new LaneBlock(4, 4)))
            {
                for (var lane = 4; lane < 4 + lanes; lane++)
                    given.Add(Batches(lane), 1000);
            }

            memory.Rented.ShouldBe(0);
            using var block = replica.Begin(new LaneBlock(0, 4));
            while (!block.IsComplete)
                block.Add(Batches(block.NextLane), 1000);
            var sum = block.Take();
            sum.Gradient.bytes.SequenceEqual(expected).ShouldBeTrue($"after {lanes} lanes");
            replica.ReturnGradient(sum.Gradient);
        }

        memory.Dispose();
    }

    [Fact]
    public void A_replica_leaves_nothing_rented_behind()
    {
        var replica = Make(fused: true, out var memory);
        using (var block = replica.Begin(new LaneBlock(0, 4)))
        {
            block.Add(Batches(0), 1000);
            block.Add(Batches(1), 1000);
            block.Add(Batches(2), 1000);
        }

        replica.Dispose();
        memory.Rented.ShouldBe(0);
        memory.Dispose();
        memory.Allocated.ShouldBe(0);
    }

    [Fact]
    public void What_is_no_node_of_the_tree_and_what_is_not_complete_breaks_an_invariant()
    {
        using var replica = Make(fused: true, out var memory);
        Should.Throw<InvariantException>(() => replica.Begin(new LaneBlock(1, 2)));
        Should.Throw<InvariantException>(() => replica.Begin(new LaneBlock(8, 8)));
        using var block = replica.Begin(new LaneBlock(0, 1));
        Should.Throw<InvariantException>(() => block.Take());
        block.Add(Batches(0), 1000);
        Should.Throw<InvariantException>(() => block.Add(Batches(1), 1000));
        replica.ReturnGradient(block.Take().Gradient);
        Should.Throw<InvariantException>(() => block.Take());
        memory.Dispose();
    }

    private static Replica Make(bool fused, out GradientPool memory)
    {
        memory = new GradientPool(Models.Storage.ModelLayout.Of(Model).Length, capacity: 16);
        var options = new ReplicaOptions
        {
            Model = Model,
            Precision = Precision.Float32,
            Lanes = Lanes,
            Schedule = new LearningRateSchedule(1e-3, 1, 10)
        };
        return new Replica(options, fused: fused, memory: memory);
    }

    private static IEnumerable<TokenBatch> Batches(int lane)
    {
        var random = new Random(lane);
        yield return new TokenBatch([.. Enumerable.Range(0, 2 * (Model.ContextLength + 1))
            .Select(_ => (long)random.Next(Model.VocabularySize))], 2, Model.ContextLength);
    }
}
