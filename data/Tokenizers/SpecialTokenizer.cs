using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ActorTrain.Models;

namespace ActorTrain.Data.Tokenizers;

/// <summary>A tokenizer with reserved tokens, such as those that mark the turns of a chat. Their ids follow the vocabulary of the tokenizer
/// below; text is encoded as that one does.</summary>
/// <remarks>No text encodes to a reserved token, not even its name, and each decodes to nothing.</remarks>
public sealed class SpecialTokenizer : ITokenizer
{
    private const int LongestName = 256;
    private readonly ITokenizer inner;

    /// <param name="inner">Owned from now on.</param>
    /// <param name="names">In order of their ids; at least one.</param>
    /// <exception cref="UserErrorException">A name is empty, too long, a duplicate, or that of the end of text.</exception>
    public SpecialTokenizer(ITokenizer inner, IReadOnlyList<string> names)
    {
        RequireNames(names);
        ArgumentOutOfRangeException.ThrowIfZero(names.Count, nameof(names));
        this.inner = inner is SpecialTokenizer ? throw new ArgumentException("It has reserved tokens already.", nameof(inner)) : inner;
        Names = [.. names];
        Identity = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
            $"actortrain special tokens 1: {inner.Identity} "
            + JsonSerializer.Serialize(Names, TokenizerJson.Default.EquatableArrayString))));
    }

    public TokenizerKind Kind => inner.Kind;

    public int VocabularySize => inner.VocabularySize + Names.Count;

    public int EndOfText => inner.EndOfText;

    public string Identity { get; }

    /// <summary>The reserved tokens; the first has the id <c>Base.VocabularySize</c>, and so on.</summary>
    public EquatableArray<string> Names { get; }

    /// <summary>The tokenizer of text.</summary>
    public ITokenizer Base => inner;

    /// <summary>Rejects names that cannot be reserved.</summary>
    /// <exception cref="UserErrorException">A name is empty, too long, a duplicate, or that of the end of text.</exception>
    public static void RequireNames(IEnumerable<string> names)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (string.IsNullOrWhiteSpace(name) || name.Length > LongestName || name.EnumerateRunes().Any(IsUnprintable))
                throw new UserErrorException(
                    $"A special token is named \"{name}\": name it with 1 to {LongestName} printable characters, such as <|im_start|>.");
            if (name == SentencePieceTokenizer.EndOfTextPiece)
                throw new UserErrorException($"The special token {name} is the end of text of every tokenizer: omit it.");
            if (!known.Add(name))
                throw new UserErrorException($"The special token {name} is named twice: name it once.");
        }
    }

    public void Encode(ReadOnlySpan<byte> utf8, IBufferWriter<int> ids) => inner.Encode(utf8, ids);

    public void Decode(ReadOnlySpan<int> ids, IBufferWriter<byte> utf8)
    {
        while (!ids.IsEmpty)
        {
            var length = ids.IndexOfAnyInRange(inner.VocabularySize, VocabularySize - 1);
            inner.Decode(length < 0 ? ids : ids[..length], utf8);
            ids = length < 0 ? [] : ids[(length + 1)..];
        }
    }

    public void Save(string folder)
    {
        inner.Save(folder);
        TokenizerFolder.Describe(this, folder);
    }

    public void Dispose() => inner.Dispose();

    // An unpaired surrogate is enumerated as the replacement character.
    private static bool IsUnprintable(Rune letter) => Rune.IsControl(letter) || letter == Rune.ReplacementChar;
}
