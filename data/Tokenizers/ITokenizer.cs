using System.Buffers;

namespace ActorTrain.Data.Tokenizers;

public enum TokenizerKind
{
    Bytes,

    /// <summary>SentencePiece, byte-pair encoding (Sennrich, Haddow and Birch, 2016).</summary>
    Bpe,

    /// <summary>SentencePiece, unigram language model (Kudo, 2018).</summary>
    Unigram,
}

/// <summary>Turns text into token ids and back. For every valid text, decoding gives exactly what was encoded.</summary>
/// <remarks>Implementations are thread-safe.</remarks>
public interface ITokenizer : IDisposable
{
    TokenizerKind Kind { get; }

    /// <summary>Ids are in 0 … size−1.</summary>
    int VocabularySize { get; }

    /// <summary>The id that closes a document. No text encodes to it, and it decodes to nothing.</summary>
    int EndOfText { get; }

    /// <summary>SHA-256, in lower-case hexadecimal, of everything that determines how text is encoded; recorded in shards.</summary>
    string Identity { get; }

    /// <summary>Encodes valid UTF-8 and appends the ids.</summary>
    void Encode(ReadOnlySpan<byte> utf8, IBufferWriter<int> ids);

    /// <summary>Decodes ids and appends the bytes. A sequence cut within a character gives the bytes of a part of it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    void Decode(ReadOnlySpan<int> ids, IBufferWriter<byte> utf8);

    /// <summary>Writes the tokenizer into an existing folder; <see cref="TokenizerFolder.Load"/> reads it.</summary>
    void Save(string folder);
}
