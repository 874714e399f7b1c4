using System.Buffers;
using System.Text;
using ActorTrain.Data.Shards;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>Whatever a text holds, preparing it succeeds and keeps every byte, or it is refused in a sentence: SentencePiece, which may end
/// a process, ends none.</summary>
[Collection(nameof(RealRun))]
public sealed class PrepareTextTests(RealRun real)
{
    private static readonly Dictionary<string, string> Known = new()
    {
        ["one character"] = "x",
        ["one character of three bytes"] = "數",
        ["spaces"] = new string(' ', 5000),
        ["newlines"] = new string('\n', 5000),
        ["zeros"] = new string('\0', 5000),
        ["zeros in words"] = Repeated("a\0b \0 c\0\0\n", 500),
        ["control characters"] = Repeated(string.Concat(Enumerable.Range(0, 33).Select(static value => (char)value)), 100),
        ["names of pieces"] = Repeated("<unk><|endoftext|></s><s><0x0A><0x41>", 300),
        ["one name of a piece"] = "<|endoftext|>",
        ["names of pieces in lines"] = Repeated("<|endoftext|>\n<0x41>\n<unk>\n", 300),
        ["marks"] = Repeated("▁▅▁▁ ▅\n", 500),
        ["a mark"] = "▁",
        ["one letter, long"] = new string('a', 100_000),
        ["DNA"] = Drawn(1, 30_000, "ACGT", 0),
        ["DNA in lines"] = Drawn(2, 30_000, "ACGT", 60),
        ["DNA with a space"] = "AC GT" + Drawn(3, 30_000, "ACGT", 60),
        ["Chinese"] = Drawn(4, 20_000, string.Concat(Enumerable.Range(0x4e00, 200).Select(static value => (char)value)), 50),
        ["many characters"] = string.Concat(Enumerable.Range(0x4e00, 5000).Select(static value => (char)value)),
        ["characters in lines"] = string.Concat(Enumerable.Range(0x4e00, 500).Select(static value => $"{(char)value}\n")),
        ["every plane"] = string.Concat(Enumerable.Range(0, 0x110).Select(static value => value << 12).Where(Rune.IsValid)
            .Select(static value => new Rune(value).ToString())),
        ["no characters"] = Repeated("\ufffe\uffff\ufdd0 \u200b\u2028", 300),
        ["line ends of DOS"] = Repeated("one two\r\nthree\r\n\r\n", 400),
        ["byte order marks"] = "x" + Repeated("\ufeff", 500),
    };

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var name in Known.Keys.Concat(Enumerable.Range(0, 10).Select(static seed => $"seed {seed}")))
            {
                cases.Add(name, "bpe");
                cases.Add(name, "unigram");
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Any_text_is_kept_to_the_byte_or_refused(string name, string kind)
    {
        var text = Known.TryGetValue(name, out var known) ? known : Any(int.Parse(name.Split(' ')[1]));
        Prepare(text, kind, "320");
        Prepare(File.ReadAllText(real.At("text.txt"))[..20_000] + text, kind, "320");
        if (text.Length < 1000)
            Prepare(text, kind, "1000000");
    }

    private void Prepare(string text, string kind, string vocabulary)
    {
        File.WriteAllText(real.At("any.txt"), text);
        var outcome = real.Run("prepare", "--input", "any.txt", "--output", "any", "--tokenizer", kind, "--vocabulary-size", vocabulary,
            "--held-out", text.Length > 1 ? "0.1" : "0");
        if (outcome.ExitCode != 0)
        {
            outcome.ShouldRefuse();
            Directory.Exists(real.At("any")).ShouldBeFalse();
            return;
        }

        using (var store = TokenStore.Open(real.At("any")))
            Read(store, [store.Train, .. store.Validation is { } validation ? [validation] : Array.Empty<TokenPart>()]).ShouldBe(text);
        Directory.Delete(real.At("any"), recursive: true);
    }

    private static string Read(TokenStore store, TokenPart[] parts)
    {
        var bytes = new ArrayBufferWriter<byte>();
        foreach (var part in parts)
        {
            var tokens = new long[part.Tokens];
            part.Read(0, tokens);
            store.Tokenizer.Decode([.. tokens.Select(static id => (int)id)], bytes);
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>A text by seed: few or many characters, words or none, lines of any length.</summary>
    private static string Any(int seed)
    {
        var random = new Random(seed);
        var letters =
            string.Concat(Enumerable.Range(0, new[] { 1, 2, 20, 500 }[random.Next(4)]).Select(_ => (char)random.Next(0x21, 0xD7FF)));
        var names = random.Next(3) == 0 ? new[] { "<unk>", "<|endoftext|>", "▁", "<0x20>" } : [];
        var (spaces, lines) = (new[] { 0, 0.001, 0.2 }[random.Next(3)], new[] { 0, 0.01, 0.5 }[random.Next(3)]);
        return string.Concat(Enumerable.Range(0, random.Next(1, 5000)).Select(_ =>
            random.NextDouble() < spaces ? " " : random.NextDouble() < lines ? "\n" : names.Length > 0 && random.Next(5) == 0
                ? names[random.Next(names.Length)] : letters[random.Next(letters.Length)].ToString()));
    }

    private static string Repeated(string text, int times) => string.Concat(Enumerable.Repeat(text, times));

    private static string Drawn(int seed, int length, string letters, int line)
    {
        var random = new Random(seed);
        return string.Concat(Enumerable.Range(1, length)
            .Select(i => line > 0 && i % line == 0 ? '\n' : letters[random.Next(letters.Length)]));
    }
}
