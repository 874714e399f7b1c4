using ActorTrain.Models.Optimization;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Steps;

/// <summary>Replicas that hold the moments of some ranges each end with the bits of one that holds all.</summary>
public sealed class DividedReplicaTests : IDisposable
{
    // A little above two blocks of 2^20 elements, with a tensor across each border.
    private static readonly ReplicaOptions Options = new()
    {
        Model = ModelOptions.FromDepth(2) with { ContextLength = 8, VocabularySize = 15001, Heads = 2, KeyValueHeads = 2 },
        Schedule = new LearningRateSchedule(1e-2, 2, 20),
        Optimizer = new OptimizerOptions { Spam = new SpamOptions { SpikeThreshold = 20 } },
        Seed = 5,
    };

    private static readonly FlatLayout Layout = ModelLayout.Of(Options.Model);
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Updates_of_ranges_have_the_bits_of_updates_of_the_whole()
    {
        Layout.Length.ShouldBeInRange(2 * FlatSums.Block + 1, 3 * FlatSums.Block);
        using var whole = new Replica(Options);
        using var first = Divided((0, FlatSums.Block), (2 * FlatSums.Block, Layout.Length - 2 * FlatSums.Block));
        using var second = Divided((FlatSums.Block, FlatSums.Block));
        for (var step = 0; step < 4; step++)
        {
            var (total, measure) = (Gradient(step), new StepMeasure(step, 1, 3));
            var adjustment = new UpdateAdjustment
            {
                TensorFactors = step == 2 ? [.. Enumerable.Range(1, Layout.Entries.Count).Select(static i => 1.0 / i)] : null,
                ResetMomentum = step == 3,
            };
            whole.Apply(total, measure, adjustment);
            first.Apply(total, measure, adjustment);
            second.Apply(total, measure, adjustment);
            var published = whole.Parameters.Weights;
            first.TakeWeights(published, FlatChecksum.Of(published));
            second.TakeWeights(published, FlatChecksum.Of(published));
            first.VerifyWeights();
        }

        using var weights = new HostBuffer(Layout.Length * sizeof(float));
        using var firstMoment = new HostBuffer(Layout.Length * sizeof(float));
        using var secondMoment = new HostBuffer(Layout.Length * sizeof(float));
        StateBlocks[] parts =
        [
            first.CopyTo(weights, firstMoment, secondMoment, 0), second.CopyTo(weights, firstMoment, secondMoment, FlatSums.Block),
            first.CopyTo(weights, firstMoment, secondMoment, 2 * FlatSums.Block),
        ];
        StateBlocks.Joined(parts).Hash.ShouldBe(whole.HashState());
        StateHash.Of(weights, firstMoment, secondMoment).ShouldBe(whole.HashState());
        first.StateChecksum.ShouldBe(second.StateChecksum);

        // Another takes over a range.
        second.Own([(0, FlatSums.Block), (FlatSums.Block, FlatSums.Block)]);
        second.CopyFrom(weights, firstMoment, secondMoment);
        second.Holds(weights, firstMoment, secondMoment).ShouldBeTrue();
        second.ChecksumAt(0).Hash.ShouldBe(first.ChecksumAt(0).Hash);
    }

    [Fact]
    public void An_owner_with_other_bits_than_were_published_and_a_damaged_publication_are_found()
    {
        using var whole = new Replica(Options);
        using var part = Divided((0, FlatSums.Block));
        var (total, measure) = (Gradient(0), new StepMeasure(0, 1, 3));
        whole.Apply(total, measure);
        part.Apply(total, measure with { GradientNorm = 2 });
        var published = whole.Parameters.Weights;
        Should.Throw<CorruptionException>(() => part.TakeWeights(published, FlatChecksum.Of(published))).Place.ShouldBe(FlatPlace.Weights);

        using var other = Divided((0, FlatSums.Block));
        other.Apply(total, measure);
        var checksum = FlatChecksum.Of(published);
        using (no_grad())
            published[FlatSums.Block + 9] = 2;
        Should.Throw<CorruptionException>(() => other.TakeWeights(published, checksum)).Place.ShouldBe(FlatPlace.PublishedWeights);
    }

    private static Replica Divided(params (long Offset, long Count)[] ranges)
    {
        var replica = new Replica(Options, initialize: false, ownsAll: false);
        replica.Own(ranges);
        replica.Initialize();
        return replica;
    }

    private static GradientSum Gradient(int step)
    {
        using var generator = new Generator((ulong)step + 7);
        var gradient = randn(Layout.Length, generator: generator);
        return new GradientSum(gradient, 1, FlatChecksum.Of(gradient));
    }
}
