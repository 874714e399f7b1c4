namespace ActorTrain.Actors.DataPlane;

/// <summary>A frame to send.</summary>
internal readonly record struct Outgoing(FrameHeader Header)
{
    /// <summary>The payload of a control frame.</summary>
    public byte[]? Payload { get; init; }

    /// <summary>The memory of another payload.</summary>
    public nint Address { get; init; }

    /// <summary>Bytes there.</summary>
    public int Length { get; init; }

    /// <summary>Called once, when the memory is not read any more.</summary>
    public Action? Done { get; init; }

    public unsafe ReadOnlySpan<byte> Bytes => Address != 0 ? new ReadOnlySpan<byte>((void*)Address, Length) : Payload;
}
