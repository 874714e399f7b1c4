using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Data.Tests;

/// <summary>Texts to test with.</summary>
internal static class Texts
{
    private static readonly string[] Words =
        ["the", "lane", "gradient", "of", "a", "step", "is", "summed", "along", "tree", "and", "trainer", "lost", "weights", "agree",
            "übermäßig", "naïve", "数据", "Москва"];

    private static readonly string[] Syllables =
        [.. "ba ce di fo gu han jer kin lor mus nat pe qui ro sta tri ul ven wor xi yon zeb an en in on un tion ment ness".Split(' ')];

    private static readonly string[] Oddities =
    [
        "\n", "\r\n", "\t", "  ", "     ", "\0", "\u0001", "\u007f", "▁", "▁▁", "▅", "⁇", " ⁇ ", "<0x0A>", "<unk>", "<|endoftext|>",
            "\ufeff", "\ufffd", "👩‍🚀", "e\u0301",
        "ﬁ", "Å", "　", "\u00a0", "\u200b", "\u2028", "ab▁cd", "x\u2580y", "𐀀", "\uffff",
    ];

    /// <summary>Prose by seed: sentences of known words, lines and paragraphs.</summary>
    public static string Prose(int seed, int bytes)
    {
        var random = new Random(seed);
        var text = new StringBuilder();
        while (text.Length < bytes)
        {
            if (random.Next(2) == 0)
                text.Append(Words[random.Next(Words.Length)]);
            else
                text.Append(string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Syllables[random.Next(Syllables.Length)])));
            text.Append(random.Next(40) switch { 0 => "\n\n", < 4 => ".\n", < 7 => ", ", _ => " " });
        }

        return text.ToString();
    }

    /// <summary>Texts with few spaces or none, from which a tokenizer learns no piece for one unless it is made to.</summary>
    public static IReadOnlyDictionary<string, string> WithFewSpaces { get; } = new Dictionary<string, string>
    {
        ["DNA"] = Drawn(1, 20_000, 60, "ACGT"),
        ["DNA in one line"] = Drawn(2, 20_000, int.MaxValue, "ACGT"),
        ["DNA with a space"] = "AC GT" + Drawn(3, 20_000, 60, "ACGT"),
        ["Chinese"] = Drawn(4, 20_000, 200, "数据模型训练语言天地玄黄宇宙洪荒日月盈昃辰宿列张，。"),
        ["words"] = string.Concat(Enumerable.Range(0, 3000).Select(static i => Prose(i, 6).Split(' ', '\n', ',')[0] + "\n")),
    };

    /// <summary>Any valid text: words, spaces of all kinds, marks of SentencePiece, pieces of any character.</summary>
    public static Arbitrary<string> Any()
    {
        var character = Gen.Choose(0, 0x10FFFF).Where(static value => Rune.IsValid(value))
            .Select(static value => new Rune(value).ToString());
        var part = Gen.Frequency(
            (4, Gen.Elements(Words)), (4, Gen.Constant(" ")), (3, Gen.Elements(Oddities)), (2, character),
                (1, Gen.Elements(Words).Select(static word => string.Concat(Enumerable.Repeat(word, 40)))));
        return Gen.ListOf(part).Select(static parts => string.Concat(parts)).ToArbitrary();
    }

    private static string Drawn(int seed, int length, int line, string letters)
    {
        var random = new Random(seed);
        return string.Concat(Enumerable.Range(1, length).Select(i => i % line == 0 ? '\n' : letters[random.Next(letters.Length)]));
    }
}
