using ActorTrain.Models.Generation;
using ActorTrain.Models.Options;

namespace ActorTrain.Models.Tests;

public sealed class SamplerTests
{
    private static readonly float[] Logits = [0f, 2f, 1f, 2f, -3f];

    private static Dictionary<int, int> Draw(SamplingOptions options, int count = 20_000) => Enumerable.Range(0, count)
        .Select(position => Sampler.Choose(Logits, options, position)).CountBy(static id => id).ToDictionary();

    [Fact]
    public void Greedy_takes_the_likeliest_and_of_equals_the_first() => Sampler.Choose(Logits, SamplingOptions.Greedy, 0).ShouldBe(1);

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.5)]
    [InlineData(3.0)]
    public void Frequencies_follow_the_softmax_at_that_temperature(double temperature)
    {
        var counts = Draw(new SamplingOptions { Temperature = temperature, Seed = 7 });
        var weights = Logits.Select(logit => Math.Exp(logit / temperature)).ToArray();
        for (var id = 0; id < Logits.Length; id++)
            (counts.GetValueOrDefault(id) / 20_000.0).ShouldBe(weights[id] / weights.Sum(), 0.015);
    }

    [Fact]
    public void Top_k_leaves_only_the_k_likeliest() => Draw(new SamplingOptions { TopK = 2, Seed = 1 }).Keys.Order().ShouldBe([1, 3]);

    [Theory]
    [InlineData(0.01, new[] { 1 })]
    [InlineData(0.5, new[] { 1, 3 })]
    [InlineData(0.9, new[] { 1, 2, 3 })]
    public void Top_p_leaves_the_fewest_tokens_that_reach_p(double p, int[] ids) =>
        Draw(new SamplingOptions { TopP = p, Seed = 1 }).Keys.Order().ShouldBe(ids);

    [Fact]
    public void The_same_seed_chooses_the_same_and_another_differs()
    {
        int[] Choices(ulong seed) =>
            [.. Enumerable.Range(0, 100).Select(i => Sampler.Choose(Logits, new SamplingOptions { Seed = seed }, i))];
        Choices(5).ShouldBe(Choices(5));
        Choices(5).ShouldNotBe(Choices(6));
    }

    [Fact]
    public void Options_out_of_range_are_told_by_name() =>
        new SamplingOptions { Temperature = -1, TopK = -2, TopP = 0 }.Problems().SelectMany(static problem => problem.Properties)
            .ShouldBe(["Temperature", "TopK", "TopP"]);
}
