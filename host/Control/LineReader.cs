using System.Text;

namespace ActorTrain.Host.Control;

/// <summary>Reads lines of at most so many bytes.</summary>
internal sealed class LineReader(Stream stream, int most)
{
    private byte[] buffer = new byte[Math.Min(most, 4096)];
    private int filled;

    /// <summary>The next line without its end, or null at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">A line is too long.</exception>
    public async Task<string?> Read(CancellationToken cancellation)
    {
        for (var searched = 0; ;)
        {
            var end = buffer.AsSpan(searched, filled - searched).IndexOf((byte)'\n');
            if (end >= 0)
            {
                end += searched;
                var line = Encoding.UTF8.GetString(buffer, 0, end);
                filled -= end + 1;
                buffer.AsSpan(end + 1, filled).CopyTo(buffer);
                return line;
            }

            searched = filled;
            if (filled == buffer.Length)
            {
                if (filled >= most)
                    throw new InvalidDataException($"A line has more than {most} bytes.");
                Array.Resize(ref buffer, (int)Math.Min(most, 2L * filled));
            }

            var read = await stream.ReadAsync(buffer.AsMemory(filled), cancellation).ConfigureAwait(false);
            if (read == 0)
                return null;
            filled += read;
        }
    }
}
