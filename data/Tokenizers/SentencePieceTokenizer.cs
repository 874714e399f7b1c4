using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using ActorTrain.Models;

namespace ActorTrain.Data.Tokenizers;

/// <summary>A SentencePiece model with byte fallback: encodes any text exactly.</summary>
/// <remarks>SentencePiece writes a space as U+2581. If a model has no piece for that (those of <see cref="SentencePieceTraining"/> always
/// have one), a space is the byte 0x20, not the bytes of U+2581.</remarks>
public sealed class SentencePieceTokenizer : ITokenizer
{
    /// <summary>The text of the piece that closes a document.</summary>
    public const string EndOfTextPiece = "<|endoftext|>";

    private readonly SentencePieceHandle processor;
    private readonly byte[] model;
    private readonly byte[][] texts;
    private readonly int[] byteIds = new int[256];
    private readonly WordCache cache = new();
    private bool hasSpace;

    /// <exception cref="InvalidDataException">It is not a model, or has no byte fallback or end-of-text piece.</exception>
    /// <exception cref="UserErrorException">The native library is missing.</exception>
    public SentencePieceTokenizer(TokenizerKind kind, byte[] model)
    {
        Kind = kind;
        this.model = model;
        processor = SentencePieceHandle.Open(model);
        try
        {
            texts = new byte[SentencePieceLibrary.Size(processor)][];
            EndOfText = ReadPieces();
        }
        catch
        {
            processor.Dispose();
            throw;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(hasSpace
            ? "actortrain sentencepiece 1: words, control characters and marks as bytes\n"u8
            : "actortrain sentencepiece 2: words, control characters, marks and spaces as bytes\n"u8);
        hash.AppendData(model);
        Identity = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public TokenizerKind Kind { get; }

    public int VocabularySize => texts.Length;

    public int EndOfText { get; }

    public string Identity { get; }

    /// <summary>The serialised model, as read by SentencePiece and Hugging Face.</summary>
    public ReadOnlyMemory<byte> Model => model;

    public void Encode(ReadOnlySpan<byte> utf8, IBufferWriter<int> ids)
    {
        while (!utf8.IsEmpty)
        {
            var length = !hasSpace && utf8[0] == ' ' ? 1 : Words.BytewiseLength(utf8);
            if (length > 0)
            {
                AppendBytes(utf8[..length], ids);
            }
            else
            {
                length = Words.Length(utf8);
                AppendWord(utf8[..length], ids);
            }

            utf8 = utf8[length..];
        }
    }

    public void Decode(ReadOnlySpan<int> ids, IBufferWriter<byte> utf8)
    {
        foreach (var id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(id, nameof(ids));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, texts.Length, nameof(ids));
            utf8.Write(texts[id]);
        }
    }

    public void Save(string folder)
    {
        File.WriteAllBytes(Path.Combine(folder, TokenizerFolder.ModelFile), model);
        TokenizerFolder.Describe(this, folder);
    }

    /// <summary>The pieces by id: their texts, with SentencePiece's names of bytes and marks; their scores; and whether they stand for
    /// text.</summary>
    internal IReadOnlyList<(string Name, float Score, bool IsText)> Pieces()
    {
        var pieces = new (string, float, bool)[texts.Length];
        for (var id = 0; id < pieces.Length; id++)
        {
            var name = PieceOf(id, out var kind, out var score);
            var isText = kind is SentencePieceLibrary.PieceKind.Text;
            pieces[id] = (Encoding.UTF8.GetString(isText ? texts[id] : name), score, isText);
        }

        return pieces;
    }

    public void Dispose() => processor.Dispose();

    private void AppendBytes(ReadOnlySpan<byte> bytes, IBufferWriter<int> ids)
    {
        var target = ids.GetSpan(bytes.Length);
        for (var i = 0; i < bytes.Length; i++)
            target[i] = byteIds[bytes[i]];
        ids.Advance(bytes.Length);
    }

    private void AppendWord(ReadOnlySpan<byte> word, IBufferWriter<int> ids)
    {
        if (word.Length <= WordCache.LongestWord && cache.TryGet(word, out var known))
        {
            ids.Write(known);
            return;
        }

        // A word has at most one id per byte.
        var target = ids.GetSpan(word.Length);
        var count = Ask(word, target);
        cache.Add(word, target[..count]);
        ids.Advance(count);
    }

    private unsafe int Ask(ReadOnlySpan<byte> word, Span<int> ids)
    {
        var error = stackalloc byte[SentencePieceLibrary.ErrorCapacity];
        fixed (byte* text = word)
        fixed (int* target = ids)
        {
            var count = SentencePieceLibrary.Encode(
                processor, text, word.Length, target, ids.Length, error, SentencePieceLibrary.ErrorCapacity);
            if (count < 0 || count > ids.Length)
            {
                var reason = count < 0 ? SentencePieceLibrary.Sentence(error) : $"{count} ids";
                throw new InvalidOperationException($"SentencePiece did not encode a word of {word.Length} bytes: {reason}.");
            }

            return (int)count;
        }
    }

    /// <summary>Reads the pieces; returns the id of the end of text.</summary>
    private int ReadPieces()
    {
        int? end = null;
        var bytesSeen = 0;
        for (var id = 0; id < texts.Length; id++)
        {
            var piece = PieceOf(id, out var kind, out _);
            texts[id] = [];
            if (kind is SentencePieceLibrary.PieceKind.Byte)
            {
                var value = Convert.FromHexString(Encoding.ASCII.GetString(piece[3..5]))[0];
                byteIds[value] = id;
                texts[id] = [value];
                bytesSeen++;
            }
            else if (kind is SentencePieceLibrary.PieceKind.Text)
            {
                texts[id] = WithSpaces(piece);
                hasSpace |= piece.SequenceEqual("▁"u8);
            }
            else if (kind is SentencePieceLibrary.PieceKind.Control && piece.SequenceEqual("<|endoftext|>"u8))
            {
                end = id;
            }
        }

        if (bytesSeen != 256)
            throw new InvalidDataException("the SentencePiece model has no byte fallback");
        return end ?? throw new InvalidDataException($"the SentencePiece model has no piece {EndOfTextPiece}");
    }

    private unsafe ReadOnlySpan<byte> PieceOf(int id, out SentencePieceLibrary.PieceKind kind, out float score)
    {
        kind = SentencePieceLibrary.Piece(processor, id, out var start, out var length, out score);
        return new ReadOnlySpan<byte>(start, checked((int)length));
    }

    private static byte[] WithSpaces(ReadOnlySpan<byte> piece)
    {
        var text = new byte[piece.Length];
        var length = 0;
        while (!piece.IsEmpty)
        {
            var isSpace = piece.StartsWith("▁"u8);
            text[length++] = isSpace ? (byte)' ' : piece[0];
            piece = piece[(isSpace ? 3 : 1)..];
        }

        return text[..length];
    }
}
