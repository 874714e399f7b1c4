namespace ActorTrain.Data.Sources;

/// <summary>A file opened for reading; a cancellation ends any read of it, also one that is not answered.</summary>
internal sealed class InterruptibleFile : InputStream
{
    private readonly CancellationToken cancellation;
    private readonly FileStream file;

    // An abandoned read may still fill it; it is not used again.
    private readonly byte[] buffer = new byte[1 << 16];
    private long start;
    private int count;

    /// <param name="cancellation">Ends opening and reading with an <see cref="OperationCanceledException"/>.</param>
    public InterruptibleFile(string path, CancellationToken cancellation)
    {
        this.cancellation = cancellation;
        (file, count) = Interruptible.Run(() =>
        {
            var opened = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            return (opened, Fill(opened));
        }, cancellation);
    }

    public override long Length => file.Length;

    public override long Position { get; set; }

    public override int Read(Span<byte> target)
    {
        if (Position < start || Position >= start + count)
        {
            if (Position == start + count && count < buffer.Length)
                return 0;
            (start, count) = (Position, 0);
            if (file.CanSeek)
                file.Position = start;
            count = Interruptible.Run(() => Fill(file), cancellation);
        }

        var from = buffer.AsSpan((int)(Position - start)..count);
        var read = Math.Min(from.Length, target.Length);
        from[..read].CopyTo(target);
        Position += read;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            file.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Fills the buffer; less than all of it at the end of the file.</summary>
    private int Fill(FileStream from) => from.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
}
