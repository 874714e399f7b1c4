using System.Net;
using Google.Protobuf;

namespace ActorTrain.Actors.Tests.Security;

/// <summary>Protocol data units of Akka.Remote, written by hand.</summary>
internal static class Pdu
{
    public static byte[] Associate(string host, int port) => Field(2, [8, 1, .. Field(2,
        [.. Field(1, [.. Field(1, "actortrain"u8), .. Field(2, Text(host)), 24, .. Varint(port), .. Field(4, "akka.tcp"u8)]),
            17, 1, 2, 3, 4, 5, 6, 7, 8])]);

    public static byte[] Message(IPEndPoint to, string sender, int serializer = 1) => Field(1, Field(2, Envelope(to, sender, serializer)));

    public static byte[] Twice(IPEndPoint to, string first, string second) =>
        Field(1, [.. Field(2, Envelope(to, first)), .. Field(2, Envelope(to, second))]);

    private static byte[] Envelope(IPEndPoint to, string sender, int serializer = 1) =>
    [
        .. Field(1, Field(1, Text($"akka.tcp://actortrain@{to}/user/nodes"))), .. Field(2, [.. Field(1, "{}"u8), 16, (byte)serializer]),
        .. Field(4, Field(1, Text(sender))), 41, 255, 255, 255, 255, 255, 255, 255, 255,
    ];

    private static byte[] Field(int number, ReadOnlySpan<byte> content) => [(byte)((number << 3) | 2), .. Varint(content.Length), .. content];

    private static byte[] Text(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static byte[] Varint(int value)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
            output.WriteUInt32((uint)value);
        return bytes.ToArray();
    }
}
