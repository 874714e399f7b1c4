using System.Globalization;
using System.Text;
using ActorTrain.Data.Tokenizers;

namespace ActorTrain.Data.Tests.Tokenizers;

public sealed class WordCacheTests
{
    private readonly WordCache cache = new();

    [Fact]
    public void It_is_bounded_and_forgets_the_words_that_are_no_longer_met()
    {
        for (var i = 0; i < 5 * WordCache.MostWords; i++)
        {
            cache.Add(Word(i), [i]);
            if (i % 1000 == 0)
                Get(0).ShouldBe(0);
            if (i % 100_000 == 0)
                cache.Count.ShouldBeLessThanOrEqualTo(2 * WordCache.MostWords);
        }

        Get((5 * WordCache.MostWords) - 1).ShouldBe((5 * WordCache.MostWords) - 1);
        Get(1).ShouldBeNull();
        cache.Count.ShouldBeLessThanOrEqualTo(2 * WordCache.MostWords);
    }

    [Fact]
    public void Many_threads_keep_the_bound_and_get_what_was_added()
    {
        Parallel.For(0, 8, thread =>
        {
            for (var i = 0; i < WordCache.MostWords; i++)
            {
                var number = (thread * (WordCache.MostWords / 2)) + i;
                if (Get(number) is { } known)
                    known.ShouldBe(number);
                else
                    cache.Add(Word(number), [number]);
            }
        });
        cache.Count.ShouldBeLessThanOrEqualTo(2 * WordCache.MostWords);
        cache.Count.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_long_word_is_not_kept()
    {
        cache.Add(new byte[WordCache.LongestWord + 1], [1]);
        cache.TryGet(new byte[WordCache.LongestWord + 1], out _).ShouldBeFalse();
    }

    private static byte[] Word(int number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));

    private int? Get(int number) => cache.TryGet(Word(number), out var ids) ? ids.Single() : null;
}
