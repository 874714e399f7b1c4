using System.Text;

namespace ActorTrain.Bench.Spikes;

/// <summary>The text of the traced runs, as bytes: the King James Bible, and hard but sound text for single batches.</summary>
internal sealed class TraceText
{
    /// <summary>Token ids are bytes.</summary>
    public const int Vocabulary = 256;

    // 1 Chronicles 1 to 9: nine chapters of names.
    private const string FirstName = "Adam, Sheth, Enosh,";
    private const int LengthOfNames = 30_000;

    // Genesis 1, 1-13 and John 1, 1-5 in the Vulgate.
    private const string Vulgate = """
        In principio creavit Deus caelum et terram. Terra autem erat inanis et vacua, et tenebrae erant super faciem abyssi: et spiritus Dei ferebatur super aquas.
        Dixitque Deus: Fiat lux. Et facta est lux. Et vidit Deus lucem quod esset bona: et divisit lucem a tenebris. Appellavitque lucem Diem, et tenebras Noctem: factumque
        est vespere et mane, dies unus. Dixit quoque Deus: Fiat firmamentum in medio aquarum: et dividat aquas ab aquis. Et fecit Deus firmamentum, divisitque aquas, quae
        erant sub firmamento, ab his, quae erant super firmamentum. Et factum est ita. Vocavitque Deus firmamentum, Caelum: et factum est vespere et mane, dies secundus.
        Dixit vero Deus: Congregentur aquae, quae sub caelo sunt, in locum unum: et appareat arida. Et factum est ita. Et vocavit Deus aridam Terram, congregationesque
        aquarum appellavit Maria. Et vidit Deus quod esset bonum. Et ait: Germinet terra herbam virentem, et facientem semen, et lignum pomiferum faciens fructum juxta genus
        suum, cujus semen in semetipso sit super terram. Et factum est ita. Et protulit terra herbam virentem, et facientem semen juxta genus suum, lignumque faciens fructum,
        et habens unumquodque sementem secundum speciem suam. Et vidit Deus quod esset bonum. Et factum est vespere et mane, dies tertius. In principio erat Verbum, et Verbum
        erat apud Deum, et Deus erat Verbum. Hoc erat in principio apud Deum. Omnia per ipsum facta sunt: et sine ipso factum est nihil, quod factum est. In ipso vita erat, et
        vita erat lux hominum: et lux in tenebris lucet, et tenebrae eam non comprehenderunt.
        """;

    private readonly byte[] bible;

    /// <param name="bible">The King James Bible as printed by <c>ops/kjv-text.sh</c>.</param>
    /// <param name="licence">Text of another kind in the same language.</param>
    public TraceText(string bible, string licence)
    {
        this.bible = Encoding.UTF8.GetBytes(bible);
        Names = Encoding.UTF8.GetBytes(bible.Substring(bible.IndexOf(FirstName, StringComparison.Ordinal), LengthOfNames));
        Latin = Encoding.UTF8.GetBytes(Vulgate.ReplaceLineEndings(" "));
        Licence = Encoding.UTF8.GetBytes(licence);
    }

    public byte[] Names { get; }

    public byte[] Latin { get; }

    public byte[] Licence { get; }

    public long SamplesOf(int context) => (bible.Length - 1) / context;

    /// <summary>A sample: context + 1 bytes.</summary>
    public long[] Sample(long sample, int context) =>
        [.. bible.AsSpan((int)(sample * context), context + 1).ToArray().Select(static value => (long)value)];

    /// <summary>Random consecutive bytes of a text.</summary>
    public static long[] Window(byte[] text, int length, Random random) =>
        [.. text.AsSpan(random.Next(text.Length - length), length).ToArray().Select(static value => (long)value)];

    public static long[] WithWordsShuffled(long[] sequence, Random random)
    {
        var words = Encoding.Latin1.GetString([.. sequence.Select(static token => (byte)token)]).Split(' ');
        random.Shuffle(words);
        return [.. Encoding.Latin1.GetBytes(string.Join(' ', words)).Select(static value => (long)value)];
    }
}
