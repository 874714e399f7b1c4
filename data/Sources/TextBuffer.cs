using System.Text;
using ActorTrain.Models;

namespace ActorTrain.Data.Sources;

/// <summary>A window that moves over a file's text and grows to one document, never the file.</summary>
internal sealed class TextBuffer : IDisposable
{
    /// <summary>The longest single document or record, in bytes.</summary>
    public const int Limit = 1 << 29;

    private readonly SourceFile file;
    private readonly InterruptibleFile onDisk;
    private readonly CancellationToken cancellation;
    private readonly Stream text;
    private readonly GzipInput? compressed;
    private byte[] memory = new byte[1 << 18];
    private int start;
    private int end;

    /// <param name="cancellation">Ends any read.</param>
    public TextBuffer(SourceFile file, Replacements? replaced, CancellationToken cancellation)
    {
        this.file = file;
        this.cancellation = cancellation;
        InterruptibleFile? opened = null;
        try
        {
            text = file.Open(replaced, cancellation, out opened, out compressed);
            onDisk = opened;
        }
        catch (Exception error)
        {
            opened?.Dispose();
            if (IsUnreadable(error))
                throw Unreadable(error);
            throw;
        }
    }

    /// <summary>What is read and not yet consumed.</summary>
    public ReadOnlyMemory<byte> Window => memory.AsMemory(start, end - start);

    /// <summary>Position of the window in the decompressed text.</summary>
    public long Offset { get; private set; }

    /// <summary>Whether the window extends to the end of the text.</summary>
    public bool AtEnd { get; private set; }

    /// <summary>Bytes of the file on disk that are read.</summary>
    public long BytesRead => onDisk.Position;

    /// <summary>Reads until the window has at least <paramref name="wanted"/> bytes or the text ends.</summary>
    public void Fill(int wanted)
    {
        while (!AtEnd && end - start < wanted)
        {
            cancellation.ThrowIfCancellationRequested();
            MakeRoom(wanted);
            try
            {
                var read = text.Read(memory, end, memory.Length - end);
                end += read;
                AtEnd = read == 0;
                if (AtEnd && compressed?.FirstLeft() is { } left)
                    throw new UserErrorException(
                        $"{file.Path} has at byte {left} something that is not gzip, so text may be missing: download the file again, "
                        + $"or keep what can be decompressed (gunzip -c) as another file.");
            }
            catch (Exception error) when (IsUnreadable(error))
            {
                throw Unreadable(error);
            }
            catch (DecoderFallbackException error)
            {
                throw new UserErrorException(
                    $"{file.Path} has characters that are invalid in the encoding of its byte order mark: "
                    + "convert it to UTF-8, or pass --lenient to replace them with U+FFFD.", error);
            }
        }
    }

    /// <summary>The first position of <paramref name="mark"/> in the window, which is extended as necessary; −1 if the text ends
    /// first.</summary>
    public int Find(ReadOnlySpan<byte> mark)
    {
        var searched = 0;
        while (true)
        {
            var at = Window.Span[searched..].IndexOf(mark);
            if (at >= 0)
                return searched + at;
            if (AtEnd)
                return -1;
            searched = Math.Max(0, Window.Length - mark.Length + 1);
            if (Window.Length >= Limit)
                throw new UserErrorException(
                    $"{file.Path} has a document of more than {Limit >> 20} MiB at byte {Offset}: split it.");
            Fill(Math.Max(1 << 16, (int)Math.Min(Limit, Window.Length * 2L)));
        }
    }

    /// <summary>Moves the window; memory handed out before is valid until the next read.</summary>
    public void Advance(int bytes)
    {
        start += bytes;
        Offset += bytes;
    }

    public void Dispose()
    {
        text.Dispose();
        onDisk.Dispose();
    }

    private void MakeRoom(int wanted)
    {
        if (memory.Length - start >= wanted && memory.Length > end)
            return;
        var target = memory.Length >= wanted ? memory : new byte[wanted];
        Window.CopyTo(target);
        (memory, end, start) = (target, end - start, 0);
    }

    private static bool IsUnreadable(Exception error) => error is IOException or InvalidDataException or UnauthorizedAccessException;

    private UserErrorException Unreadable(Exception error) =>
        new($"{file.Path} cannot be read: {error.Message.TrimEnd('.')}; fix the file or remove it from --input.", error);
}
