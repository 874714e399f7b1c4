namespace ActorTrain.Actors.DataPlane;

/// <summary>What one side of a connection does with the requests and notices of the other, on the thread that reads them: it must not
/// wait.</summary>
internal interface IFrameHandler
{
    /// <summary>The memory that a payload goes straight into; 0 for the payload of a control frame.</summary>
    /// <exception cref="FrameException">There is no such place.</exception>
    nint Target(in FrameHeader header);

    /// <param name="payload">Of a control frame.</param>
    /// <param name="isIntact">Whether a payload with a target arrived as it was sent; others always did.</param>
    /// <exception cref="FrameException">The frame does not fit.</exception>
    void Handle(in FrameHeader header, ReadOnlySpan<byte> payload, bool isIntact);
}
