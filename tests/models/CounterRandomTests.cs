using ActorTrain.Models.Randomness;

namespace ActorTrain.Models.Tests;

public sealed class CounterRandomTests
{
    [Fact]
    public void A_stream_is_a_function_of_its_key_and_never_changes()
    {
        // Pinned: a change here changes every run's first weights.
        var random = new CounterRandom(seed: 1, step: 2, lane: 3, RandomUse.Sampling);
        new[] { random.NextBits(), random.NextBits() }.ShouldBe([FirstBits, SecondBits]);
    }

    private const ulong FirstBits = 11170594183042319671;
    private const ulong SecondBits = 16939975222107639513;

    [Fact]
    public void Streams_that_differ_in_one_part_of_the_key_share_nothing()
    {
        var keys = from seed in new ulong[] { 0, 1 }
                   from step in new long[] { 0, 1 }
                   from lane in new long[] { 0, 1 }
                   from use in Enum.GetValues<RandomUse>()
                   select (seed, step, lane, use);
        var numbers = keys.SelectMany(static key =>
        {
            var random = new CounterRandom(key.seed, key.step, key.lane, key.use);
            return Enumerable.Range(0, 100).Select(_ => random.NextBits()).ToArray();
        }).ToArray();
        numbers.Distinct().Count().ShouldBe(numbers.Length);
    }

    [Fact]
    public void Normals_have_the_moments_and_tails_of_the_normal_distribution()
    {
        var random = new CounterRandom(42, 0, 0, RandomUse.Initialization);
        var x = Enumerable.Range(0, 200_000).Select(_ => random.NextNormal()).ToArray();
        x.Average().ShouldBe(0, 0.01);
        x.Average(static value => value * value).ShouldBe(1, 0.015);
        x.Average(static value => value * value * value * value).ShouldBe(3, 0.12);
        (x.Count(static value => Math.Abs(value) > 1.959964) / 200_000.0).ShouldBe(0.05, 0.003);
        (x.Count(static value => value < -2.5758293) / 200_000.0).ShouldBe(0.005, 0.001);
    }

    [Fact]
    public void Uniforms_fill_the_unit_interval()
    {
        var random = new CounterRandom(3, 0, 0, RandomUse.Sampling);
        var x = Enumerable.Range(0, 100_000).Select(_ => random.NextUniform()).ToArray();
        x.ShouldAllBe(static value => value >= 0 && value < 1);
        x.Average().ShouldBe(0.5, 0.01);
        x.CountBy(static value => (int)(value * 10)).ShouldAllBe(static bucket => bucket.Value > 9_500 && bucket.Value < 10_500);
    }
}
