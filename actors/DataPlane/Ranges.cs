namespace ActorTrain.Actors.DataPlane;

/// <summary>Moves vectors through a connection in pieces, several at a time, each against its checksum.</summary>
internal static class Ranges
{
    /// <summary>Answers to a piece.</summary>
    public const ulong Refused = 0, Done = 1, Damaged = 2;

    private const int AtOnce = 4;
    private const int Attempts = 3;

    /// <summary>Reads what is open on the other side under a handle. The memory is not written any more when it returns.</summary>
    /// <param name="slot">Number of the vector.</param>
    /// <param name="length">In bytes.</param>
    /// <param name="first">First byte of the vector.</param>
    /// <param name="isWanted">Asked before each piece; null: it is to the end.</param>
    /// <returns>False if the connection ended, the other side refused, or the vector is wanted no more.</returns>
    public static bool Pull(FrameLink link, ulong handle, int slot, nint into, long length, long first = 0, Func<bool>? isWanted = null) =>
        Move(link, length, (offset, count) =>
    {
        if (isWanted?.Invoke() == false)
            return null;
        var answer = new PendingAnswer(into + (nint)offset, count);
        var request = new FrameHeader(FrameKind.Pull) { Handle = handle, Slot = slot, Offset = first + offset, Length = count };
        return link.Begin(new Outgoing(request), answer) ? answer : null;
    });

    /// <summary>Writes what is open on the other side under a handle. The memory is not read any more when it returns.</summary>
    /// <param name="slot">Number of the vector.</param>
    /// <param name="length">In bytes.</param>
    /// <param name="first">First byte of the vector.</param>
    /// <returns>False if the connection ended, or the other side refused.</returns>
    public static bool Store(FrameLink link, ulong handle, int slot, nint from, long length, long first = 0) =>
        Move(link, length, (offset, count) =>
    {
        var answer = new PendingAnswer();
        var request = new FrameHeader(FrameKind.Store) { Handle = handle, Slot = slot, Offset = first + offset, Length = count };
        return link.Begin(new Outgoing(request) { Address = from + (nint)offset, Length = count }, answer) ? answer : null;
    });

    private static bool Move(FrameLink link, long length, Func<long, int, PendingAnswer?> begin)
    {
        var moving = new Queue<(long Offset, int Attempt, PendingAnswer Answer)>();
        var (next, isGood) = (0L, true);
        while (moving.Count > 0 || (isGood && next < length))
        {
            while (isGood && moving.Count < AtOnce && next < length)
            {
                Begin(next, 1);
                next += FrameHeader.LongestPayload;
            }

            if (!moving.TryDequeue(out var piece))
                break;
            if (link.Wait(piece.Answer) is not { Value: not Refused } header)
                isGood = false;
            else if (!isGood || (piece.Answer.IsIntact && header.Value == Done))
                continue;
            else if (piece.Attempt < Attempts)
                Begin(piece.Offset, piece.Attempt + 1);
            else
                Fail();
        }

        return isGood;

        void Begin(long offset, int attempt)
        {
            if (begin(offset, (int)Math.Min(FrameHeader.LongestPayload, length - offset)) is { } answer)
                moving.Enqueue((offset, attempt, answer));
            else
                isGood = false;
        }

        void Fail()
        {
            link.Close($"A range arrived {Attempts} times with another checksum than when it was sent.");
            isGood = false;
        }
    }
}
