using System.Text;
using ActorTrain.Data.Preparation;
using ActorTrain.Data.Sources;

namespace ActorTrain.Data.Tests.Preparation;

public sealed class TextSampleTests
{
    [Fact]
    public void A_sample_is_bounded_in_the_order_of_the_corpus_and_depends_on_the_seed_alone()
    {
        var first = Draw(seed: 1, mostBytes: 500);
        first.Length.ShouldBe(100);
        first.ShouldBe(first.Order());
        Draw(seed: 1, mostBytes: 500).ShouldBe(first);
        Draw(seed: 2, mostBytes: 500).ShouldNotBe(first);
    }

    [Fact]
    public void A_sample_is_spread_over_the_corpus()
    {
        var drawn = Draw(seed: 3, mostBytes: 500);
        for (var quarter = 0; quarter < 4; quarter++)
            drawn.Count(ordinal => ordinal / 250 == quarter).ShouldBeInRange(12, 40);
    }

    [Fact]
    public void A_corpus_within_the_bound_is_taken_whole() => Draw(seed: 4, mostBytes: 5000).ShouldBe(Enumerable.Range(0, 1000));

    [Fact]
    public void One_document_beyond_the_bound_is_better_than_none()
    {
        Draw(seed: 5, mostBytes: 1).Length.ShouldBe(1);
    }

    private static int[] Draw(ulong seed, long mostBytes)
    {
        var sample = new TextSample(seed, mostBytes);
        for (var ordinal = 0; ordinal < 1000; ordinal++)
            sample.Offer(ordinal, new Document(Encoding.UTF8.GetBytes($"{ordinal:D5}"), "", 0));
        return [.. sample.Texts().Select(static text => int.Parse(Encoding.UTF8.GetString(text.Span), System.Globalization.CultureInfo.InvariantCulture))];
    }
}
