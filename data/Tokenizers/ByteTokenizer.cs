using System.Buffers;
using System.Security.Cryptography;

namespace ActorTrain.Data.Tokenizers;

/// <summary>Each byte of UTF-8 is a token, 0 … 255; 256 is the end of text.</summary>
public sealed class ByteTokenizer : ITokenizer
{
    public const int Size = 257, EndOfTextId = 256;

    public TokenizerKind Kind => TokenizerKind.Bytes;

    public int VocabularySize => Size;

    public int EndOfText => EndOfTextId;

    public string Identity { get; } = Convert.ToHexStringLower(SHA256.HashData("actortrain bytes 1: 256 bytes, end of text"u8));

    public void Encode(ReadOnlySpan<byte> utf8, IBufferWriter<int> ids)
    {
        var target = ids.GetSpan(Math.Max(1, utf8.Length));
        for (var i = 0; i < utf8.Length; i++)
            target[i] = utf8[i];
        ids.Advance(utf8.Length);
    }

    public void Decode(ReadOnlySpan<int> ids, IBufferWriter<byte> utf8)
    {
        var target = utf8.GetSpan(Math.Max(1, ids.Length));
        var length = 0;
        foreach (var id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(id, nameof(ids));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, VocabularySize, nameof(ids));
            if (id != EndOfText)
                target[length++] = (byte)id;
        }

        utf8.Advance(length);
    }

    public void Save(string folder) => TokenizerFolder.Describe(this, folder);

    public void Dispose()
    {
    }
}
