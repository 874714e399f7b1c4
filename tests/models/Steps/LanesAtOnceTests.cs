using ActorTrain.Models.Batches;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Steps;
using ActorTrain.Tests.Replicas;

namespace ActorTrain.Models.Tests.Steps;

/// <summary>Lanes that are computed in one pass have the bits, and the losses, of lanes computed one by one.</summary>
public sealed class LanesAtOnceTests
{
    private const int Lanes = 8;

    public static TheoryData<ModelFamily, Precision, bool, int> Cases()
    {
        var data = new TheoryData<ModelFamily, Precision, bool, int>();
        foreach (var family in Enum.GetValues<ModelFamily>())
        {
            foreach (var precision in Enum.GetValues<Precision>())
            {
                foreach (var isTied in new[] { true, false })
                {
                    foreach (var sequences in new[] { 1, 3 })
                        data.Add(family, precision, isTied, sequences);
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Bits_and_losses_do_not_depend_on_how_many(ModelFamily family, Precision precision, bool isTied, int sequences)
    {
        using var replica = Make(family, precision, isTied);
        var (bits, losses) = Compute(replica, sequences, lanesAtOnce: 1);
        foreach (var lanesAtOnce in new[] { 2, 4, 8, 2 })
        {
            var (found, foundLosses) = Compute(replica, sequences, lanesAtOnce);
            foundLosses.ShouldBe(losses, $"{lanesAtOnce} at once");
            found.SequenceEqual(bits).ShouldBeTrue($"{lanesAtOnce} at once");
        }
    }

    [Theory]
    [InlineData(256, 512, 8, 1, 8)]
    [InlineData(256, 512, 64, 1, 8)]
    [InlineData(64, 2048, 64, 1, 32)]
    [InlineData(256, 512, 8, 3, 2)]
    [InlineData(256, 50257, 4, 1, 4)]
    [InlineData(1024, 50257, 8, 1, 1)]
    [InlineData(4096, 512, 8, 1, 1)]
    [InlineData(256, 512, 1, 8, 1)]
    [InlineData(4, 50257, 1024, 1, 128)]
    public void As_many_are_computed_at_once_as_fill_the_kernels_and_fit_into_memory(
        int context, int vocabulary, int lanes, int sequences, int expected)
    {
        var model = ModelOptions.FromDepth(2) with { ContextLength = context, VocabularySize = vocabulary };
        LaneTrainer.AtOnce(model, Precision.BFloat16, lanes, sequences).ShouldBe(expected);
    }

    [Fact]
    public void A_node_of_the_tree_never_goes_beyond_its_block()
    {
        LaneBlock.Largest(0, 8, 8).ShouldBe(new LaneBlock(0, 8));
        LaneBlock.Largest(0, 8, 3).ShouldBe(new LaneBlock(0, 2));
        LaneBlock.Largest(2, 8, 8).ShouldBe(new LaneBlock(2, 2));
        LaneBlock.Largest(4, 6, 8).ShouldBe(new LaneBlock(4, 2));
        LaneBlock.Largest(5, 8, 8).ShouldBe(new LaneBlock(5, 1));
    }

    private static (byte[] Bits, IReadOnlyList<double> Losses) Compute(Replica replica, int sequences, int lanesAtOnce)
    {
        var losses = new List<double>();
        var sum = replica.Gradient(
            new LaneBlock(0, Lanes), lane => [Batch(replica, lane, sequences)], 1000, lane => losses.Add(lane.Loss), lanesAtOnce);
        losses.Add(sum.Loss);
        var bits = sum.Gradient.bytes.ToArray();
        replica.ReturnGradient(sum.Gradient);
        return (bits, losses);
    }

    private static TokenBatch Batch(Replica replica, int lane, int sequences)
    {
        var (model, random) = (replica.Model.Options, new Random(lane));
        return new(
            [.. Enumerable.Range(0, sequences * (model.ContextLength + 1)).Select(_ => (long)random.Next(model.VocabularySize))], sequences,
            model.ContextLength);
    }

    private static Replica Make(ModelFamily family, Precision precision, bool isTied) => new(
        new ReplicaOptions
        {
            Model = ModelOptions.FromDepth(1, family) with
            {
                Layers = 2,
                Width = 48,
                Heads = 4,
                KeyValueHeads = family == ModelFamily.Llama ? 2 : 4,
                MlpWidth = 72,
                ContextLength = 11,
                VocabularySize = 61,
                TieEmbeddings = isTied,
            },
            Precision = precision,
            Lanes = Lanes,
            EmbeddingShrink = 0.5,
            Schedule = new LearningRateSchedule(1e-3, WarmupSteps: 1, Steps: 10),
        },
        fused: true);
}
