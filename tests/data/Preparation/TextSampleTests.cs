using System.Globalization;
using System.Text;
using ActorTrain.Data.Preparation;

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
    public void One_piece_beyond_the_bound_is_better_than_none()
    {
        Draw(seed: 5, mostBytes: 1).Length.ShouldBe(1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(500)]
    [InlineData(999)]
    public void A_giant_document_leaves_room_for_the_others(int place)
    {
        var giant = Encoding.UTF8.GetBytes(new string('z', 20_000_000));
        for (var seed = 0UL; seed < 5; seed++)
        {
            var sample = new TextSample(seed, 1_000_000);
            for (var i = 0; i < 1000; i++)
                Offer(sample, i == place ? giant : Encoding.UTF8.GetBytes($"{i} {Texts.Prose(i, 1000)}"));
            var texts = sample.Texts().Select(static text => Encoding.UTF8.GetString(text.Span)).ToList();
            texts.Sum(Encoding.UTF8.GetByteCount).ShouldBeInRange(900_000, 1_000_000);
            texts.Sum(static text => text.Count(static letter => letter == 'z')).ShouldBeInRange(50_000, 300_000);
        }
    }

    [Fact]
    public void One_document_alone_fills_the_sample_from_all_over_itself()
    {
        var sample = new TextSample(1, 1_000_000);
        Offer(sample, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 3_000_000).Select(static i => $"{i:D8}\n"))));
        var numbers = sample.Texts()
            .SelectMany(static text => Encoding.UTF8.GetString(text.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Select(static line => int.Parse(line, CultureInfo.InvariantCulture)).ToList();
        (numbers.Count * 9).ShouldBeInRange(950_000, 1_000_000);
        for (var part = 0; part < 6; part++)
            numbers.Count(number => number / 500_000 == part).ShouldBeGreaterThan(5000);
    }

    private static void Offer(TextSample sample, byte[] document) => sample.Offer(document, document.Length);

    private static int[] Draw(ulong seed, long mostBytes)
    {
        var sample = new TextSample(seed, mostBytes);
        for (var ordinal = 0; ordinal < 1000; ordinal++)
            Offer(sample, Encoding.UTF8.GetBytes($"{ordinal:D5}"));
        return [.. sample.Texts().Select(static text => int.Parse(Encoding.UTF8.GetString(text.Span), CultureInfo.InvariantCulture))];
    }
}
