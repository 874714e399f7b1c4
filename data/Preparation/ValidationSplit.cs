using ActorTrain.Data.Sources;
using ActorTrain.Models.Randomness;

namespace ActorTrain.Data.Preparation;

/// <summary>Chooses the validation part of a corpus by content and seed alone, independent of names and order of files; equal documents are
/// on the same side.</summary>
/// <remarks>By whole files if a choice of them comes near the requested share of the text; else by documents; else, with too few of either,
/// the end of the largest document, which is divided once.</remarks>
internal sealed class ValidationSplit
{
    // Makes this draw independent of every other one with the same seed.
    private const ulong Use = 0x48656C644F757431;
    private const int MostSlack = 4096;

    private readonly Func<DocumentPiece, IEnumerable<DocumentPiece>> side;

    private ValidationSplit(string rule, Func<DocumentPiece, IEnumerable<DocumentPiece>> side) => (Rule, this.side) = (rule, side);

    public static ValidationSplit None { get; } = new("nothing", static piece => [piece]);

    public string Rule { get; }

    public static ulong RankOf(ulong seed, ulong hash) => SplitMix64.Scatter(seed ^ Use, hash);

    public static ValidationSplit ByFiles(bool[] validation) => new(
        $"{validation.Count(static it => it)} of {validation.Length} files", piece =>
            [piece with { IsValidation = validation[piece.Source] }]);

    /// <summary>Documents with a rank below a limit.</summary>
    /// <param name="piecewise">By file, the hash of its document if that is read in pieces.</param>
    /// <param name="limit">The first bucket of ranks for training.</param>
    public static ValidationSplit ByDocuments(ulong seed, ulong[] piecewise, int limit) => new(
        "documents from any file",
        piece => [piece with { IsValidation = RankedBytes.BucketOf(RankOf(seed, HashOf(piece, piecewise))) < limit }]);

    /// <summary>The end of one document, or of each of its copies.</summary>
    /// <param name="piecewise">By file, the hash of its document if that is read in pieces.</param>
    /// <param name="length">In bytes.</param>
    /// <param name="tail">Approximate bytes for validation.</param>
    public static ValidationSplit ByDividing(ulong[] piecewise, ulong document, long length, long tail) => new(
        "the end of the largest document", piece =>
            HashOf(piece, piecewise) == document ? Divided(piece, length - tail, (int)Math.Min(tail / 4, MostSlack)) : [piece]);

    /// <summary>The same pieces in the same order, each assigned to a part; one may be split in two.</summary>
    public IEnumerable<DocumentPiece> Apply(IEnumerable<DocumentPiece> pieces) => pieces.SelectMany(side);

    private static ulong HashOf(in DocumentPiece piece, ulong[] piecewise) =>
        piece.IsWhole ? CorpusSurvey.HashOf(piece.Text.Span) : piecewise[piece.Source];

    private static DocumentPiece[] Divided(in DocumentPiece piece, long at, int slack)
    {
        if (at <= piece.Offset)
            return [piece with { IsValidation = true }];
        if (at > piece.Offset + piece.Text.Length)
            return [piece];
        var cut = CutOf(piece.Text.Span, (int)(at - piece.Offset), slack);
        var head = piece with { Text = piece.Text[..cut], End = PieceEnd.Divided };
        return cut == piece.Text.Length ? [head]
            : [head, piece with { Text = piece.Text[cut..], Offset = piece.Offset + cut, IsValidation = true }];
    }

    /// <summary>A position near <paramref name="at"/>, never 0: after a line end or before a space shortly ahead of it, else between two
    /// characters.</summary>
    private static int CutOf(ReadOnlySpan<byte> text, int at, int slack)
    {
        var from = Math.Max(1, at - slack);
        if (text[from..at].LastIndexOf((byte)'\n') is var line and >= 0)
            return from + line + 1;
        if (text[from..at].LastIndexOf((byte)' ') is var space and >= 0)
            return from + space;
        var cut = Utf8Text.CharacterBoundary(text, at);
        for (cut = cut > 0 ? cut : at; cut < text.Length && (text[cut] & 0xC0) == 0x80;)
            cut++;
        return cut;
    }
}
