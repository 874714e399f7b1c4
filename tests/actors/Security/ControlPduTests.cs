using System.Globalization;
using System.Net;
using ActorTrain.Actors.ControlPlane;

namespace ActorTrain.Actors.Tests.Security;

/// <summary>What a frame says of its sender is read from it as it is, or the frame is refused, whatever its bytes are.</summary>
public sealed class ControlPduTests
{
    private static readonly IPEndPoint Desk = new(IPAddress.Loopback, 4053);

    // More by ACTORTRAIN_FUZZ_FRAMES.
    private static readonly int Fuzzed = int.TryParse(
        Environment.GetEnvironmentVariable("ACTORTRAIN_FUZZ_FRAMES"), CultureInfo.InvariantCulture, out var count) ? count : 100_000;

    [Fact]
    public void Origin_and_sender_are_read()
    {
        ControlPdu.Read(Pdu.Associate("gpu-1", 4444)).ShouldBe(new ControlPdu(("gpu-1", 4444), null));
        ControlPdu.Read(Pdu.Message(Desk, "akka.tcp://actortrain@gpu-1:4444/user/node"))
            .ShouldBe(new ControlPdu(null, "akka.tcp://actortrain@gpu-1:4444/user/node"));
        Should.Throw<ControlLinkException>(() => ControlPdu.Read(Pdu.Twice(Desk, "a", "b"))).Message.ShouldContain("twice");
    }

    [Fact]
    public void Damaged_frames_are_refused_or_read_and_nothing_else_happens()
    {
        var (refused, read) = (0, 0);
        byte[][] whole = [Pdu.Associate("gpu-1", 4444), Pdu.Message(Desk, "akka.tcp://actortrain@gpu-1:4444/user/node")];
        var random = new Random(1);
        for (var i = 0; i < Fuzzed; i++)
        {
            var bytes = whole[i % 2].ToArray();
            for (var change = random.Next(1, 4); change > 0; change--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (random.Next(4) == 0)
                bytes = bytes[..random.Next(1, bytes.Length)];
            if (random.Next(4) == 0)
                random.NextBytes(bytes);
            try
            {
                ControlPdu.Read(bytes);
                read++;
            }
            catch (ControlLinkException exception)
            {
                exception.Message.ShouldEndWith(".");
                refused++;
            }
        }

        // Both happen, or this tests nothing.
        Math.Min(refused, read).ShouldBeGreaterThan(Fuzzed / 100, $"{refused}, {read}");
    }
}
