using ActorTrain.Models.Generation;
using ActorTrain.Models.Options;
using ActorTrain.Models.Randomness;

namespace ActorTrain.Models.Tests;

/// <summary>The sampler of the fused kernels and that of the reference form, which draw the same.</summary>
public sealed class SamplerTests
{
    private const int Draws = 20_000;

    private static readonly float[] Logits = [0f, 2f, 1f, 2f, -3f];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Greedy_takes_the_likeliest_and_of_equals_the_first(bool isFused) =>
        Draw(isFused, Logits, new Drawing(SamplingOptions.Greedy, 0.9, 5, [])).Id.ShouldBe(1);

    [Theory]
    [InlineData(true, 1.0)]
    [InlineData(true, 0.5)]
    [InlineData(true, 3.0)]
    [InlineData(false, 1.0)]
    [InlineData(false, 0.5)]
    [InlineData(false, 3.0)]
    public void Frequencies_follow_the_softmax_at_that_temperature(bool isFused, double temperature)
    {
        var counts = Counts(isFused, new SamplingOptions { Temperature = temperature, Seed = 7 });
        var weights = Logits.Select(logit => Math.Exp(logit / temperature)).ToArray();
        for (var id = 0; id < Logits.Length; id++)
            (counts.GetValueOrDefault(id) / (double)Draws).ShouldBe(weights[id] / weights.Sum(), 0.015);
    }

    public static TheoryData<SamplingOptions, int[]> Restrictions => new()
    {
        { new SamplingOptions { TopK = 1 }, [1] },
        { new SamplingOptions { TopK = 2 }, [1, 3] },
        { new SamplingOptions { TopP = 0.01 }, [1] },
        { new SamplingOptions { TopP = 0.5 }, [1, 3] },
        { new SamplingOptions { TopP = 0.9 }, [1, 2, 3] },
        { new SamplingOptions { MinP = 1 }, [1, 3] },
        { new SamplingOptions { MinP = 0.3 }, [1, 2, 3] },
        { new SamplingOptions { MinP = 0.3, TopK = 1 }, [1] },
        { new SamplingOptions { TopK = 3, TopP = 0.8 }, [1, 3] },
        { new SamplingOptions { RepetitionPenalty = 0.5, TopK = 2 }, [1, 2] },
        { new SamplingOptions { RepetitionPenalty = 1.5, TopK = 1 }, [3] },
    };

    [Theory]
    [MemberData(nameof(Restrictions))]
    public void Only_the_likeliest_are_left(SamplingOptions options, int[] ids)
    {
        // The text has tokens 1 and 2.
        foreach (var isFused in new[] { true, false })
            Counts(isFused, options, [1, 2, 1]).Keys.Order().ToArray().ShouldBe(ids, $"fused: {isFused}");
    }

    [Fact]
    public void Both_samplers_draw_the_same_with_the_same_probabilities()
    {
        var random = new Random(2);
        foreach (var vocabulary in new[] { 1, 17, 300, 5000 })
        {
            for (var i = 0; i < 40; i++)
            {
                float[] logits = [.. Enumerable.Range(0, vocabulary).Select(_ => (float)(8 * random.NextDouble()))];
                var options = new SamplingOptions
                {
                    Temperature = random.Next(4) == 0 ? 0 : 0.1 + 2 * random.NextDouble(),
                    TopK = random.Next(2) * random.Next(100),
                    TopP = random.Next(2) == 0 ? 1 : 0.1 + 0.8 * random.NextDouble(),
                    MinP = random.Next(2) * 0.1 * random.NextDouble(),
                    RepetitionPenalty = random.Next(2) == 0 ? 1 : 1.3,
                };
                var drawing = new Drawing(options, random.NextDouble(), Math.Max(1, vocabulary - random.Next(5)),
                    [.. Enumerable.Range(0, 20).Select(_ => random.Next(vocabulary))]);
                var (fused, scalar) = (Draw(true, logits, drawing), Draw(false, logits, drawing));
                fused.Id.ShouldBe(scalar.Id, $"{vocabulary}: {drawing}");
                fused.LogProbability.ShouldBe(scalar.LogProbability, 1e-4f);
                fused.DrawnLogProbability.ShouldBe(scalar.DrawnLogProbability, 1e-4f);
            }
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Without_a_distribution_nothing_is_drawn(float bad)
    {
        foreach (var isFused in new[] { true, false })
        {
            foreach (var options in new[] { SamplingOptions.Greedy, new SamplingOptions() })
            {
                Should.Throw<InvalidOperationException>(() => Draw(isFused, [1f, bad, 2f], new Drawing(options, 0.5, 3, [])))
                    .Message.ShouldContain("no distribution");
            }
        }
    }

    [Fact]
    public void Options_out_of_range_are_told_by_name() =>
        new SamplingOptions { Temperature = -1, TopK = -2, TopP = 0, MinP = 2, RepetitionPenalty = 0 }.Problems()
            .SelectMany(static problem => problem.Properties).ShouldBe(["Temperature", "TopK", "TopP", "MinP", "RepetitionPenalty"]);

    private static DrawnToken Draw(bool isFused, float[] logits, Drawing drawing) =>
        isFused ? FusedSampler.Draw(logits, [drawing])[0] : Sampler.Draw(logits, drawing);

    private static Dictionary<int, int> Counts(bool isFused, SamplingOptions options, int[]? seen = null) =>
        Enumerable.Range(0, Draws).Select(position => Draw(isFused, Logits, new Drawing(
            options, new CounterRandom(options.Seed, position, lane: 0, RandomUse.Sampling).NextUniform(), Logits.Length, seen ?? [])).Id)
            .CountBy(static id => id).ToDictionary();
}
