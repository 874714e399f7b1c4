using Google.Protobuf;

namespace ActorTrain.Actors.ControlPlane;

/// <summary>What a frame of the control plane says of its sender: read from Akka.Remote's protocol data units before Akka.Remote reads
/// them.</summary>
/// <param name="Origin">The address that the sender gives itself as it begins a connection; null in all other frames.</param>
/// <param name="Sender">Path of the actor that sent a message; null if it names none.</param>
internal readonly record struct ControlPdu((string Host, long Port)? Origin, string? Sender)
{
    /// <exception cref="ControlLinkException">The bytes are of another format, or say something twice.</exception>
    public static ControlPdu Read(byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        try
        {
            var unit = Fields.Read(bytes);
            if (unit.Bytes(2) is { } instruction)
                return new ControlPdu(OriginOf(Fields.Read(instruction)), null);
            if (unit.Bytes(1) is not { } content)
                throw new ControlLinkException("A frame has neither a message nor an instruction.");
            var envelope = Fields.Read(content).Bytes(2);
            var sender = envelope is null ? null : Fields.Read(envelope).Bytes(4);
            return new ControlPdu(null, sender is null ? null : Text(Fields.Read(sender).Bytes(1)));
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or IOException or InvalidOperationException)
        {
            throw new ControlLinkException("What was sent is no frame of Akka.Remote.", exception);
        }
    }

    private static (string Host, long Port)? OriginOf(Fields instruction) =>
        instruction.Bytes(2) is { } handshake && Fields.Read(handshake).Bytes(1) is { } address && Fields.Read(address) is var fields
            ? (Text(fields.Bytes(2)), fields.Number(3)) : null;

    private static string Text(byte[]? bytes) => bytes is null ? "" : System.Text.Encoding.UTF8.GetString(bytes);

    /// <summary>The fields of a protocol buffer, by their numbers. The format would merge what comes twice, so nothing may.</summary>
    private sealed class Fields
    {
        private readonly Dictionary<int, byte[]> contents = [];
        private readonly Dictionary<int, long> numbers = [];

        public static Fields Read(byte[] bytes)
        {
            var fields = new Fields();
            using var input = new CodedInputStream(bytes);
            while (input.ReadTag() is not 0 and var tag)
            {
                var number = WireFormat.GetTagFieldNumber(tag);
                var isNew = WireFormat.GetTagWireType(tag) switch
                {
                    WireFormat.WireType.LengthDelimited => fields.contents.TryAdd(number, input.ReadBytes().ToByteArray()),
                    WireFormat.WireType.Varint => fields.numbers.TryAdd(number, unchecked((long)input.ReadUInt64())),
                    WireFormat.WireType.Fixed64 => fields.numbers.TryAdd(number, unchecked((long)input.ReadFixed64())),
                    WireFormat.WireType.Fixed32 => fields.numbers.TryAdd(number, input.ReadFixed32()),
                    _ => throw new ControlLinkException("What was sent is no frame of Akka.Remote."),
                };
                if (!isNew)
                    throw new ControlLinkException($"A frame has field {number} twice.");
            }

            return fields;
        }

        public byte[]? Bytes(int number) => contents.GetValueOrDefault(number);

        public long Number(int number) => numbers.GetValueOrDefault(number);
    }
}
