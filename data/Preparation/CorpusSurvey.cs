using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ActorTrain.Data.Sources;
using ActorTrain.Models;
using ActorTrain.Models.Randomness;

namespace ActorTrain.Data.Preparation;

/// <summary>Surveys a corpus piece by piece, and then chooses the validation part; see <see cref="ValidationSplit"/>.</summary>
/// <remarks>It keeps a few numbers per file and at most 2^20 hashes of documents, however large the corpus is.</remarks>
internal sealed class CorpusSurvey(ulong seed, int fileCount) : IDisposable
{
    // An amount of text is near the requested one if it is at least half and at most twice of it.
    private const double Near = 2;
    private const int MostHashes = 1 << 20;

    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Dictionary<ulong, int> firstFiles = [];
    private readonly RankedBytes documents = new();

    // By file: its content, the last of its documents, its bytes, and another file of the same group or itself.
    private readonly ulong[] contents = new ulong[fileCount];
    private readonly ulong[] lastDocuments = new ulong[fileCount];
    private readonly long[] bytes = new long[fileCount];
    private readonly int[] groups = [.. Enumerable.Range(0, fileCount)];

    private (long Length, ulong Document) largest;
    private long copiesOfLargest;
    private bool isLargestDivisible;
    private long length;
    private int firstCharacter;

    /// <summary>Identifies a document: the head of its SHA-256.</summary>
    public static ulong HashOf(ReadOnlySpan<byte> text) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(text));

    public void Add(in DocumentPiece piece)
    {
        if (piece.Offset == 0)
            Rune.DecodeFromUtf8(piece.Text.Span, out _, out firstCharacter);
        hash.AppendData(piece.Text.Span);
        length += piece.Text.Length;
        if (piece.End != PieceEnd.Document)
            return;
        AddDocument(BinaryPrimitives.ReadUInt64LittleEndian(hash.GetHashAndReset()), piece.Source);
        length = 0;
    }

    /// <param name="fraction">The requested validation share of the text, above 0.</param>
    /// <exception cref="UserErrorException">There is no text, or it cannot be split.</exception>
    public ValidationSplit Split(double fraction)
    {
        if (documents.Total == 0)
            throw CorpusPreparation.NoText();
        var wanted = fraction * documents.Total;
        return ByFiles(wanted) ?? ByDocuments(wanted, Near) ?? ByDividing(wanted) ?? ByDocuments(wanted, double.PositiveInfinity)
            ?? throw new UserErrorException(
                $"The inputs have only {documents.Total} bytes of text, too few for a validation split: "
                    + $"give more text, or pass --held-out 0.");
    }

    public void Dispose() => hash.Dispose();

    private void AddDocument(ulong document, int file)
    {
        documents.Add(ValidationSplit.RankOf(seed, document), length);
        contents[file] = SplitMix64.Scatter(contents[file], document);
        lastDocuments[file] = document;
        bytes[file] += length;
        if (firstFiles.TryGetValue(document, out var first))
            groups[GroupOf(file)] = GroupOf(first);
        else if (firstFiles.Count < MostHashes)
            firstFiles.Add(document, file);

        var candidate = (length, document);
        if (candidate.CompareTo(largest) > 0)
            (largest, copiesOfLargest, isLargestDivisible) = (candidate, 0, length > firstCharacter);
        if (candidate == largest)
            copiesOfLargest++;
    }

    private int GroupOf(int file)
    {
        while (groups[file] != file)
            file = groups[file] = groups[groups[file]];
        return file;
    }

    /// <summary>Splits by whole files; files that share a document stay together. With too many documents, it is unknown which files share
    /// one.</summary>
    private ValidationSplit? ByFiles(double wanted)
    {
        if (firstFiles.Count == MostHashes)
            return null;
        var ranks = new ulong[fileCount];
        Array.Fill(ranks, ulong.MaxValue);
        var sums = new long[fileCount];
        for (var file = 0; file < fileCount; file++)
        {
            var group = GroupOf(file);
            ranks[group] = Math.Min(ranks[group], ValidationSplit.RankOf(seed, contents[file]));
            sums[group] += bytes[file];
        }

        var ranked = new RankedBytes();
        foreach (var (rank, sum) in ranks.Zip(sums))
            ranked.Add(rank, sum);
        return ranked.LimitFor(wanted, Near) is var limit and > 0
            ? ValidationSplit.ByFiles(
                [.. Enumerable.Range(0, fileCount).Select(file => RankedBytes.BucketOf(ranks[GroupOf(file)]) < limit)])
            : null;
    }

    private ValidationSplit? ByDocuments(double wanted, double tolerance) =>
        documents.LimitFor(wanted, tolerance) is var limit and > 0 ? ValidationSplit.ByDocuments(seed, lastDocuments, limit) : null;

    private ValidationSplit? ByDividing(double wanted)
    {
        var tail = Math.Clamp((long)(wanted / copiesOfLargest), 1, Math.Max(1, largest.Length - 1));
        return isLargestDivisible ? ValidationSplit.ByDividing(lastDocuments, largest.Document, largest.Length, tail) : null;
    }
}
