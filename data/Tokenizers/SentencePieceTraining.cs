using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using ActorTrain.Data.Sources;
using ActorTrain.Models;

namespace ActorTrain.Data.Tokenizers;

/// <summary>Trains a SentencePiece model. The same texts in the same order give the same bytes.</summary>
public static unsafe partial class SentencePieceTraining
{
    /// <summary>Smallest vocabulary: 256 bytes, the unknown, the end of text, and room for characters.</summary>
    public const int SmallestVocabulary = 300;

    public const int LargestVocabulary = 1_000_000;

    /// <summary>The end of text in every model that is trained here.</summary>
    public const int EndOfTextId = 1;

    private const int LongestSentence = 8192;

    // SentencePiece omits the rarest 0.05 % of the characters from a vocabulary, but the space must stay in it: one in this many bytes is a
    // space.
    private const int BytesPerSpace = 1000;

    /// <summary>Trains on texts, which SentencePiece copies: pass a bounded sample.</summary>
    /// <param name="kind">Byte-pair encoding or unigram.</param>
    /// <param name="vocabularySize">Including bytes and end of text.</param>
    /// <param name="texts">Valid UTF-8; each is split into its lines.</param>
    /// <param name="cancellation">Ends the reading of texts; the training that follows cannot be cancelled.</param>
    /// <exception cref="UserErrorException">The native library is missing, or the texts are too small for such a vocabulary.</exception>
    public static SentencePieceTokenizer Train(
        TokenizerKind kind, int vocabularySize, IEnumerable<ReadOnlyMemory<byte>> texts, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((int)kind, (int)TokenizerKind.Bytes, nameof(kind));
        SentencePieceLibrary.Require();
        using var feed = new SentenceFeed(SentencesOf(texts), cancellation);
        var context = GCHandle.Alloc(feed);
        var error = stackalloc byte[SentencePieceLibrary.ErrorCapacity];
        byte* bytes;
        long length;
        try
        {
            var options = Options(kind, vocabularySize);
            bytes = SentencePieceLibrary.Train(
                options, &Next, (void*)GCHandle.ToIntPtr(context), out length, error, SentencePieceLibrary.ErrorCapacity);
        }
        finally
        {
            context.Free();
        }

        feed.Failure?.Throw();
        if (bytes is null)
            throw Refused(kind, vocabularySize, feed.Count, SentencePieceLibrary.Sentence(error));
        try
        {
            return new SentencePieceTokenizer(kind, new ReadOnlySpan<byte>(bytes, checked((int)length)).ToArray());
        }
        finally
        {
            SentencePieceLibrary.Free(bytes);
        }
    }

    // One thread, since SentencePiece's sums depend on their number. Any normalisation would lose text.
    private static string Options(TokenizerKind kind, int vocabularySize) => string.Join(
        '\n',
        kind is TokenizerKind.Bpe ? "model_type=bpe" : "model_type=unigram",
        $"vocab_size={vocabularySize}",
        "byte_fallback=true",
        "normalization_rule_name=identity",
        "add_dummy_prefix=false",
        "remove_extra_whitespaces=false",
        "num_threads=1",
        $"max_sentence_length={2 * LongestSentence}",
        "unk_id=0",
        $"eos_id={EndOfTextId}",
        "bos_id=-1",
        "pad_id=-1",
        $"eos_piece={SentencePieceTokenizer.EndOfTextPiece}",
        "minloglevel=2");

    private static UserErrorException Refused(TokenizerKind kind, int vocabularySize, long sentences, string reason)
    {
        var name = kind is TokenizerKind.Bpe ? "bpe" : "unigram";
        if (sentences == 0)
            return new UserErrorException($"The inputs have no words to train a {name} tokenizer on: "
                + $"choose --tokenizer bytes, or give more text.");
        var (most, least) = (TooLarge().Match(reason), TooSmall().Match(reason));
        var problem =
            most.Success ? $"they yield only {most.Groups[1]} pieces"
            : least.Success ? $"they already have {least.Groups[1]} bytes and characters"
            : $"it reports \"{reason}\"";
        var isSize = int.TryParse((most.Success ? most : least).Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var size);
        var fix = isSize && size is >= SmallestVocabulary and <= LargestVocabulary ? $"choose --vocabulary-size {size}"
            : "choose --tokenizer bytes";
        var more = least.Success ? "" : ", or give more text";
        return new UserErrorException(
            $"SentencePiece cannot train a {name} tokenizer of {vocabularySize} tokens on this text, because {problem}: {fix}{more}.");
    }

    [GeneratedRegex(@"Vocabulary size too high .* <= (\d+)")]
    private static partial Regex TooLarge();

    [GeneratedRegex(@"smaller than required_chars\. \d+ vs (\d+)")]
    private static partial Regex TooSmall();

    private static IEnumerable<ReadOnlyMemory<byte>> SentencesOf(IEnumerable<ReadOnlyMemory<byte>> texts)
    {
        var (bytes, spaces) = (0L, 0L);
        foreach (var text in texts)
        {
            spaces += text.Span.Count((byte)' ');
            for (var rest = text; !rest.IsEmpty;)
            {
                var length = Words.SentenceLength(rest.Span);
                if (length > LongestSentence)
                    length = Utf8Text.CharacterBoundary(rest.Span, LongestSentence);
                if (length > 0)
                    yield return rest[..length];
                bytes += length;
                rest = rest[(length > 0 ? length : Words.BytewiseLength(rest.Span))..];
            }
        }

        var lacking = bytes > 0 ? 1 + (bytes / BytesPerSpace) - spaces : 0;
        for (var filler = Enumerable.Repeat((byte)' ', LongestSentence).ToArray(); lacking > 0; lacking -= LongestSentence)
            yield return filler.AsMemory(0, (int)Math.Min(lacking, LongestSentence));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Next(void* context, byte** text, long* length) =>
        ((SentenceFeed)GCHandle.FromIntPtr((nint)context).Target!).Next(out *text, out *length);

    /// <summary>Passes pinned sentences one by one to native code, and keeps exceptions from crossing it.</summary>
    private sealed class SentenceFeed(IEnumerable<ReadOnlyMemory<byte>> sentences, CancellationToken cancellation) : IDisposable
    {
        private readonly IEnumerator<ReadOnlyMemory<byte>> sentences = sentences.GetEnumerator();
        private System.Buffers.MemoryHandle pin;

        public long Count { get; private set; }

        public ExceptionDispatchInfo? Failure { get; private set; }

        public int Next(out byte* text, out long length)
        {
            text = null;
            length = 0;
            pin.Dispose();
            try
            {
                cancellation.ThrowIfCancellationRequested();
                if (!sentences.MoveNext())
                    return 0;
                pin = sentences.Current.Pin();
                text = (byte*)pin.Pointer;
                length = sentences.Current.Length;
                Count++;
                return 1;
            }
#pragma warning disable CA1031 // Whatever it is, it is thrown again once native code has returned.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                Failure = ExceptionDispatchInfo.Capture(failure);
                return -1;
            }
        }

        public void Dispose()
        {
            pin.Dispose();
            sentences.Dispose();
        }
    }
}
