using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;

namespace ActorTrain.Models.Tests;

public sealed class ModelMemoryTests
{
    [Theory]
    [InlineData(ModelFamily.Gpt2, true)]
    [InlineData(ModelFamily.Gpt2, false)]
    [InlineData(ModelFamily.Gpt2, true, ModelOutput.Score)]
    [InlineData(ModelFamily.Llama, true)]
    [InlineData(ModelFamily.Llama, false)]
    [InlineData(ModelFamily.Llama, false, ModelOutput.Score)]
    public void A_vector_is_as_long_as_the_layout(ModelFamily family, bool tied, ModelOutput output = ModelOutput.Logits)
    {
        foreach (var depth in new[] { 1, 3, 12 })
        {
            var shape = ModelOptions.FromDepth(depth, family) with
            {
                TieEmbeddings = tied,
                ContextLength = 100,
                VocabularySize = 1000,
                Output = output,
            };
            new ModelMemory(shape)
                .Vector.ShouldBe(ModelLayout.Of(shape).Length * 4.0, ModelLayout.Of(shape).Length * 4 * 0.01, $"depth {depth}");
        }
    }

    [Fact]
    public void What_makes_a_model_larger_makes_its_memory_larger()
    {
        var shape = ModelOptions.FromDepth(4);
        foreach (var larger in new[]
                 {
                     shape with { Layers = 5 }, shape with { Width = 512 }, shape with { MlpWidth = 2048 },
                         shape with { ContextLength = 512 }, shape with { VocabularySize = 5000 },
                 })
        {
            foreach (var isFused in new[] { true, false })
            {
                var (small, large) = (new ModelMemory(shape, IsFused: isFused), new ModelMemory(larger, IsFused: isFused));
                large.Vector.ShouldBeGreaterThan(small.Vector);
                large.Training(4).ShouldBeGreaterThan(small.Training(4));
                large.Evaluation(4).ShouldBeGreaterThan(small.Evaluation(4));
                large.Prompt(larger.ContextLength).ShouldBeGreaterThan(small.Prompt(shape.ContextLength));
            }
        }

        new ModelMemory(shape, Precision.BFloat16).Training(4).ShouldBeLessThan(new ModelMemory(shape).Training(4));
        var recomputed = Enum.GetValues<Recompute>().Select(recompute => new ModelMemory(shape, Recompute: recompute)).ToList();
        recomputed.Select(static memory => memory.Training(4)).ShouldBeInOrder(SortDirection.Descending);
        recomputed.ShouldAllBe(memory => memory.Evaluation(4) == recomputed[0].Evaluation(4));
        new ModelMemory(shape with { Layers = int.MaxValue, Width = int.MaxValue }).Vector.ShouldBeGreaterThan(1e25);
    }

    [Theory]
    [InlineData(
        "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 4096 bytes.",
        true)]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB", true)]
    [InlineData("Fused kernel: out of memory for the scratch of a kernel", true)]
    [InlineData("std::bad_alloc", true)]
    [InlineData("The id 7 is not in the vocabulary.", false)]
    public void Failures_for_want_of_memory_are_told_from_others(string message, bool expected)
    {
        MemoryExhaustion.IsCauseOf(new InvalidOperationException(message)).ShouldBe(expected);
        MemoryExhaustion.IsCauseOf(new InvalidOperationException("outer", new InvalidOperationException(message))).ShouldBe(expected);
        MemoryExhaustion.IsCauseOf(new AggregateException(new InsufficientMemoryException("inner"))).ShouldBeTrue();
        MemoryExhaustion.IsCauseOf(null).ShouldBeFalse();
    }
}
