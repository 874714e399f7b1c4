using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Tests.Reduction;

public sealed class ReducerLogicTests
{
    private static readonly Round First = new(4, 2);
    private static readonly Round Second = new(5, 2);

    private readonly Texts texts = new();
    private readonly ReducerLogic<string> reducer;

    public ReducerLogicTests() => reducer = new ReducerLogic<string>(1, 4, texts);

    [Fact]
    public void Blocks_are_added_along_the_tree_in_whatever_order_they_come_and_the_last_completes_the_shard()
    {
        Add(First, 3, 1).ShouldBeNull();
        Add(First, 0, 2).ShouldBeNull();
        Add(First, 0, 2).ShouldBeNull("it came before");
        var report = Add(First, 2, 1).ShouldBeOfType<ShardReduced>();
        texts.Completed.ShouldBe(["4: ({0-1} + ({2} + {3}))"]);
        Add(First, 3, 1).ShouldBeSameAs(report, "it is only answered");
        texts.Completed.Count.ShouldBe(1);
    }

    [Fact]
    public void A_later_round_ends_the_one_before_and_an_earlier_one_is_stale()
    {
        Add(First, 0, 2);
        Add(Second, 2, 2).ShouldBeNull();
        texts.Dropped.ShouldBe(["{0-1}"]);
        Add(First, 2, 2).ShouldBeNull();
        Add(Second, 0, 2).ShouldBeOfType<ShardReduced>().Round.ShouldBe(Second);
        texts.Completed.ShouldBe(["5: ({0-1} + {2-3})"]);
    }

    [Fact]
    public void A_sum_that_is_not_there_may_come_again_and_one_that_is_damaged_ends_the_round()
    {
        texts.Missing = new LaneBlock(0, 2);
        Add(First, 0, 2).ShouldBeNull();
        texts.Missing = null;
        texts.Damaged = new LaneBlock(2, 2);
        Add(First, 0, 2).ShouldBeNull();
        Add(First, 2, 2).ShouldBeOfType<BlockDamaged>().Block.ShouldBe(texts.Damaged);
        texts.Damaged = null;
        Add(Second, 0, 4).ShouldBeOfType<ShardReduced>().Round.ShouldBe(Second);
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        Add(First, 0, 2);
        Should.Throw<InvariantException>(() => Add(First, 1, 1)).Message.ShouldContain("already summed");
        Should.Throw<InvariantException>(() => Add(First with { Step = 3 }, 2, 2)).Message.ShouldContain("is to be reduced as");
        texts.Reports = new ShardReduced(1, Second, []);
        Should.Throw<InvariantException>(() => Add(First, 2, 2)).Message.ShouldContain("is reported");
    }

    private ReducerReport? Add(Round round, int first, int count) => reducer.Add(round, new LaneBlock(first, count));

    private sealed class Texts : IShardSums<string>
    {
        public List<string> Completed { get; } = [];

        public List<string> Dropped { get; } = [];

        public LaneBlock? Missing { get; set; }

        public LaneBlock? Damaged { get; set; }

        public ShardReduced? Reports { get; set; }

        public string? Read(Round round, LaneBlock block) =>
            block == Damaged ? throw new CorruptionException(FlatPlace.PublishedGradient, 0, 1, 2, block)
            : block == Missing ? null
            : block.ToString();

        public string Add(Round round, string left, string right) => $"({left} + {right})";

        public ShardReduced? Complete(Round round, string total)
        {
            Completed.Add($"{round.Number}: {total}");
            return Reports ?? new ShardReduced(1, round, []);
        }

        public void Drop(string sum) => Dropped.Add(sum);
    }
}
