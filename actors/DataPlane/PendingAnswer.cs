namespace ActorTrain.Actors.DataPlane;

/// <summary>A request that was sent and not answered yet.</summary>
/// <param name="target">Memory for the payload of the answer; 0 if it is a control frame.</param>
/// <param name="room">Bytes of that memory.</param>
internal sealed class PendingAnswer(nint target = 0, int room = 0)
{
    private readonly ManualResetEventSlim isDone = new(false);

    /// <summary>Null if the connection ended first.</summary>
    public FrameHeader? Header { get; private set; }

    public byte[] Payload { get; private set; } = [];

    /// <summary>Whether the payload arrived as it was sent.</summary>
    public bool IsIntact { get; private set; }

    /// <exception cref="FrameException">The answer has another length than what was asked for.</exception>
    public nint TargetOf(in FrameHeader header) => target == 0 || (header.PayloadLength == 0 && header.Value == Ranges.Refused) ? 0
        : header.PayloadLength == room ? target
        : throw new FrameException($"{header.PayloadLength} bytes were sent where {room} had been asked for.");

    public void Complete(in FrameHeader header, byte[] payload, bool isIntact)
    {
        (Header, Payload, IsIntact) = (header, payload, isIntact);
        isDone.Set();
    }

    public void Fail() => isDone.Set();

    public bool Wait(TimeSpan most) => isDone.Wait(most);
}
