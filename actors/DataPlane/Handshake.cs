using System.Text;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.DataPlane;

/// <summary>The first frames of a connection.</summary>
internal static class Handshake
{
    /// <summary>Bytes of their payloads, at most.</summary>
    public const int Longest = 4096;

    /// <param name="arena">The node's vectors; null if they are not shared.</param>
    public static void SendHello(FrameLink link, DataPlaneHello hello, SharedPlace? arena)
    {
        link.Say(hello.Term);
        link.Send(new FrameHeader(FrameKind.Hello), new PayloadWriter().Add(hello.Incarnation).Add(hello.Length).Add(hello.Layout)
            .Add(hello.Capacity).Add(arena).Add(hello.Node).Bytes);
    }

    /// <exception cref="FrameException">It is none.</exception>
    public static (DataPlaneHello Hello, SharedPlace? Arena) ReceiveHello(FrameLink link)
    {
        var (header, payload) = link.Receive(Longest);
        if (header.Kind is not FrameKind.Hello)
            throw new FrameException($"The first frame is {header.Kind}, not {FrameKind.Hello}.");
        var reader = new PayloadReader(payload);
        var (incarnation, length, layout, capacity) = (reader.Number(), reader.Number(), reader.Unsigned(), reader.Number());
        var (arena, name) = (reader.Place(), reader.Text());
        if (name.Length == 0 || Encoding.UTF8.GetByteCount(name) > DataPlaneHello.LongestName || name.Any(char.IsControl))
            throw new FrameException("The name of a node is empty, too long, or has characters that cannot be printed.");
        return (new DataPlaneHello
        {
            Node = name,
            Incarnation = incarnation,
            Length = length,
            Layout = layout,
            Capacity = capacity is >= 1 and <= int.MaxValue ? (int)capacity
                : throw new FrameException($"A node has no {capacity} vectors."),
            Term = header.Term,
        }, arena);
    }

    public static void Admit(FrameLink link, long term, DataPlaneNode node)
    {
        link.Say(term);
        link.Send(new FrameHeader(FrameKind.Welcome) { Value = (ulong)node.Medium, Handle = (ulong)node.Connection }, []);
        link.Agree(term, node.Connection);
    }

    public static void Refuse(FrameLink link, long term, string reason)
    {
        link.Say(term);
        link.Send(new FrameHeader(FrameKind.Refused), Encoding.UTF8.GetBytes(reason));
    }

    /// <summary>Waits for the answer to a hello.</summary>
    /// <param name="highest">The highest term that the node has seen.</param>
    /// <exception cref="FrameException">It is none.</exception>
    /// <exception cref="DataPlaneException">The node is refused, or refuses.</exception>
    public static (long Term, DataPlaneMedium Medium) ReceiveWelcome(FrameLink link, long highest)
    {
        var (header, payload) = link.Receive(Longest);
        if (header.Kind is FrameKind.Refused)
            throw new DataPlaneException(Encoding.UTF8.GetString(payload)) { IsRefusal = true };
        if (header.Kind is not FrameKind.Welcome || header.Value > (ulong)DataPlaneMedium.Tcp)
            throw new FrameException($"The first frame is {header.Kind}, not {FrameKind.Welcome}.");
        if (header.Term < highest)
            throw new DataPlaneException($"The control process has term {header.Term}, and term {highest} has begun.") { IsRefusal = true };
        link.Agree(header.Term, (long)header.Handle);
        return (header.Term, (DataPlaneMedium)header.Value);
    }
}
