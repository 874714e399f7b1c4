using System.Security.Cryptography;
using ActorTrain.Chaos;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Tests.Replicas;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Steps;

/// <summary>A flipped bit in anything that rests is found by whoever reads it next, and nothing that was made of it leaves the
/// replica.</summary>
public sealed class CorruptionTests : IDisposable
{
    private const int Lanes = 4;
    private const int Flips = 40;
    private static readonly ModelOptions Model =
        ModelOptions.FromDepth(1) with { ContextLength = 8, VocabularySize = 31, Heads = 2, KeyValueHeads = 2 };
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly Random random = new(7);

    public static TheoryData<FlatPlace, bool> StatePlaces => new()
    {
        { FlatPlace.Weights, true }, { FlatPlace.FirstMoment, true }, { FlatPlace.SecondMoment, true }, { FlatPlace.TotalGradient, true },
        { FlatPlace.Weights, false }, { FlatPlace.FirstMoment, false }, { FlatPlace.SecondMoment, false },
            { FlatPlace.TotalGradient, false },
    };

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(StatePlaces))]
    public void A_bit_flipped_before_an_update_is_found_and_the_replica_is_worth_nothing_until_it_takes_over_a_state(FlatPlace place,
        bool reference)
    {
        using var replica = Trained(reference);
        var total = Total(replica, 2);
        using var state = new State(replica);
        for (var flip = 0; flip < Flips; flip++)
        {
            var target = Vector(replica, total, place);
            var bit = Bit(target, flip);
            BitFlip.At(target, bit);
            var found = Should.Throw<CorruptionException>(() => replica.Apply(total, new StepMeasure(2, 0, 1)), $"bit {bit}");
            found.Place.ShouldBe(place);
            Should.Throw<CorruptionException>(replica.VerifyWeights);
            Should.Throw<CorruptionException>(() => replica.Apply(total, new StepMeasure(2, 0, 1)));
            Should.Throw<CorruptionException>(state.Take);
            if (place == FlatPlace.TotalGradient)
                BitFlip.At(target, bit);
            state.Give();
        }

        // It has the bits of one that was never hit.
        replica.Apply(total, new StepMeasure(2, 0, 1));
        using var other = Trained(reference);
        other.Apply(Total(other, 2), new StepMeasure(2, 0, 1));
        replica.HashState().ShouldBe(other.HashState());
        replica.StateChecksum.ShouldBe(other.StateChecksum);
    }

    [Fact]
    public void A_bit_flipped_in_the_weights_is_found_before_a_gradient_made_of_them_is_handed_on()
    {
        using var replica = Trained(reference: false);
        using var state = new State(replica);
        replica.VerifyWeights();
        for (var flip = 0; flip < Flips; flip++)
        {
            BitFlip.At(replica.Parameters.Weights, Bit(replica.Parameters.Weights, flip));
            Should.Throw<CorruptionException>(replica.VerifyWeights).Place.ShouldBe(FlatPlace.Weights);
            state.Give();
        }
    }

    [Fact]
    public void A_bit_flipped_in_the_copies_that_are_computed_with_is_found_too()
    {
        using var replica = Trained(reference: false);
        Sum(replica, new LaneBlock(0, Lanes));
        replica.VerifyWeights();
        var targets = replica.Parameters.PackedCopies()
            .Select(static copy => FlipTarget.Of(FlatPlace.PackedWeights, copy.Address, copy.Count)).ToList();
        targets.Count.ShouldBe(2 * 5);
        using var state = new State(replica);
        for (var flip = 0; flip < Flips; flip++)
        {
            var target = targets[flip % targets.Count];
            target.Flip(random.NextInt64(target.Bits));
            Should.Throw<CorruptionException>(replica.VerifyWeights).Place.ShouldBe(FlatPlace.PackedWeights);
            state.Give();
            Sum(replica, new LaneBlock(0, Lanes));
            replica.VerifyWeights();
        }
    }

    [Theory]
    [InlineData(FlatPlace.Weights)]
    [InlineData(FlatPlace.FirstMoment)]
    [InlineData(FlatPlace.SecondMoment)]
    public void No_snapshot_is_made_of_a_state_with_a_flipped_bit(FlatPlace place)
    {
        using var replica = Trained(reference: false);
        using var state = new State(replica);
        for (var flip = 0; flip < Flips; flip++)
        {
            var target = Vector(replica, null!, place);
            BitFlip.At(target, Bit(target, flip));
            Should.Throw<CorruptionException>(state.Take).Place.ShouldBe(place);
            state.Give();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_bit_flipped_in_a_gradient_that_rests_is_found_when_it_is_added_to(bool reference)
    {
        using var memory = new GradientPool(ModelLayout.Of(Model).Length, 2 * Lanes);
        using var replica = Make(reference, memory);
        var block = new LaneBlock(0, Lanes);
        var expected = Sum(replica, block);
        for (var flip = 0; flip < Flips; flip++)
        {
            // While lane 1, 2 or 3 is about to be computed, one or two sums rest.
            using var gradient = replica.Begin(block);
            var before = 1 + flip % 3;
            while (gradient.NextLane < before)
                gradient.Add(Batches(gradient.NextLane), 1000);
            var target = gradient.Resting.ElementAt(random.Next(gradient.Resting.Count()));
            BitFlip.At(target, Bit(target, flip));
            var found = Should.Throw<CorruptionException>(() =>
            {
                while (!gradient.IsComplete)
                    gradient.Add(Batches(gradient.NextLane), 1000);
            });
            found.Place.ShouldBe(FlatPlace.LaneGradient);
            found.Lanes.ShouldNotBeNull();
            gradient.Dispose();
            memory.Rented.ShouldBe(0);
        }

        Sum(replica, block).ShouldBe(expected);
    }

    [Fact]
    public void A_block_is_taken_with_the_checksum_of_its_sum_whatever_its_size()
    {
        using var replica = Make(reference: false);
        foreach (var block in new[] { new LaneBlock(3, 1), new LaneBlock(2, 2), new LaneBlock(0, 4) })
        {
            using var gradient = replica.Begin(block);
            while (!gradient.IsComplete)
                gradient.Add(Batches(gradient.NextLane), 1000);
            var sum = gradient.Take();
            sum.Checksum!.Hash.ShouldBe(FlatChecksum.Of(sum.Gradient).Hash);
            sum.Lanes.ShouldBe(block);
            replica.ReturnGradient(sum.Gradient);
        }
    }

    [Fact]
    public void The_checksum_of_a_state_goes_with_its_bits()
    {
        using var one = Trained(reference: false);
        using var other = Trained(reference: false);
        one.StateChecksum.ShouldBe(other.StateChecksum);
        one.Apply(Total(one, 2), new StepMeasure(2, 0, 1));
        one.StateChecksum.ShouldNotBe(other.StateChecksum);
        using var state = new State(one);
        state.Give(other);
        one.StateChecksum.ShouldBe(other.StateChecksum);
    }

    private static Tensor Vector(Replica replica, GradientSum total, FlatPlace place) => place switch
    {
        FlatPlace.Weights => replica.Parameters.Weights,
        FlatPlace.FirstMoment => replica.FirstMoment,
        FlatPlace.SecondMoment => replica.SecondMoment,
        _ => total.Gradient,
    };

    // The lowest bit of the mantissa, sign, exponent and whatever chance says.
    private long Bit(Tensor vector, int flip) =>
        32 * random.NextInt64(vector.numel()) + (flip % 4) switch { 0 => 0, 1 => 31, 2 => 23 + random.Next(8), _ => random.Next(23) };

    private static string Sum(Replica replica, LaneBlock block)
    {
        var sum = replica.Gradient(block, Batches, 1000);
        var hash = Convert.ToHexString(SHA256.HashData(sum.Gradient.bytes));
        replica.ReturnGradient(sum.Gradient);
        return hash;
    }

    private static Replica Make(bool reference, GradientPool? memory = null) => new(
        new ReplicaOptions
        {
            Model = Model,
            Precision = Precision.Float32,
            Lanes = Lanes,
            Schedule = new LearningRateSchedule(1e-3, 1, 10)
        }, fused: !reference, memory: memory);

    private static Replica Trained(bool reference)
    {
        var replica = Make(reference);
        for (var step = 0; step < 2; step++)
            replica.Apply(Total(replica, step), new StepMeasure(step, 0, 1));
        return replica;
    }

    private static GradientSum Total(Replica replica, int step)
    {
        var gradient = randn(replica.Parameters.Layout.Length, generator: new Generator((ulong)step)) * 0.01;
        return new GradientSum(gradient, 0, FlatChecksum.Of(gradient));
    }

    private static IEnumerable<TokenBatch> Batches(int lane)
    {
        var random = new Random(lane);
        yield return new TokenBatch([.. Enumerable.Range(0, 2 * (Model.ContextLength + 1))
            .Select(_ => (long)random.Next(Model.VocabularySize))], 2, Model.ContextLength);
    }

    private sealed class State : IDisposable
    {
        private readonly Replica replica;
        private readonly HostBuffer[] kept;
        private readonly HostBuffer[] other;

        public State(Replica replica)
        {
            this.replica = replica;
            HostBuffer[] Buffers() =>
                [.. Enumerable.Range(0, 3).Select(_ => new HostBuffer(replica.Parameters.Layout.Length * sizeof(float)))];
            (kept, other) = (Buffers(), Buffers());
            replica.CopyTo(kept[0], kept[1], kept[2]);
        }

        public void Take() => replica.CopyTo(other[0], other[1], other[2]);

        public void Give() => Give(replica);

        public void Give(Replica to) => to.CopyFrom(kept[0], kept[1], kept[2]);

        public void Dispose()
        {
            foreach (var buffer in kept.Concat(other))
                buffer.Dispose();
        }
    }
}
