using System.Runtime.InteropServices;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Steps;
using ActorTrain.Tests.Replicas;

namespace ActorTrain.Models.Tests.Steps;

/// <summary>The loss of a step is the mean over the targets of the whole step, and no mean of means (transformers#34191).</summary>
public sealed class StepMeanTests
{
    private const int Chats = 8;
    private const int Vocabulary = 61;

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void Lanes_and_micro_batches_change_nothing_but_the_rounding(ModelFamily family)
    {
        var whole = Compute(family, lanes: 1, microBatch: Chats);
        foreach (var (lanes, microBatch) in new[] { (1, 1), (2, 4), (4, 1), (8, 1) })
        {
            var (loss, gradient) = Compute(family, lanes, microBatch);
            loss.ShouldBe(whole.Loss, 1e-5, $"{lanes} lanes");
            for (var i = 0; i < gradient.Length; i++)
                gradient[i].ShouldBe(whole.Gradient[i], 1e-5f + (1e-3f * Math.Abs(whole.Gradient[i])), $"{lanes} lanes, parameter {i}");
        }
    }

    // A mean of the chats' means would be another: they have from 1 to 8 targets.
    private static TokenBatch Batch(IEnumerable<int> chats)
    {
        var (inputs, targets, ends) = (new List<long>(), new List<long>(), new List<long>());
        foreach (var chat in chats)
        {
            for (var row = 0; row < 3 + chat; row++)
            {
                inputs.Add(((chat * 17) + (row * 5)) % Vocabulary);
                targets.Add(row < 2 ? TokenBatch.NoTarget : ((chat * 7) + (row * 3)) % Vocabulary);
            }

            ends.Add(inputs.Count);
        }

        return new TokenBatch([.. inputs], [.. targets], [.. ends]);
    }

    private static (double Loss, float[] Gradient) Compute(ModelFamily family, int lanes, int microBatch)
    {
        using var replica = new Replica(new ReplicaOptions
        {
            Model = ModelOptions.FromDepth(1, family) with { ContextLength = 16, VocabularySize = Vocabulary },
            Precision = Precision.Float32,
            Lanes = lanes,
            Schedule = new LearningRateSchedule(1e-3, 1, 10),
            Seed = 3,
        });
        var all = Batch(Enumerable.Range(0, Chats)).TargetCount;
        var total = replica.Gradient(
            new LaneBlock(0, lanes),
            lane => Enumerable.Range(lane * (Chats / lanes), Chats / lanes).Chunk(microBatch).Select(static chats => Batch(chats)), all);
        var gradient = MemoryMarshal.Cast<byte, float>(total.Gradient.bytes).ToArray();
        replica.ReturnGradient(total.Gradient);
        return (total.Loss, gradient);
    }
}
