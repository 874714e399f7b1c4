using System.Runtime.InteropServices;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.DataPlane;

/// <summary>What steps are trained on, as the trainers of a node find it at the control process.</summary>
internal sealed class RemoteExperiences(FrameLink link)
{
    /// <param name="known">Hash of one that need not be copied; 0 for none.</param>
    /// <returns>Null if there is none, or the connection ended.</returns>
    public PulledExperience? Find(IReadOnlyList<long> positions, ulong known)
    {
        var request = new FrameHeader(FrameKind.ReadExperience) { Value = known };
        if (link.Ask(request, MemoryMarshal.AsBytes<long>([.. positions]).ToArray()) is not ({ Value: Ranges.Done } answer, var payload))
            return null;
        var reader = new PayloadReader(payload);
        var (hash, isOnPolicy, length) = (reader.Unsigned(), reader.Number() != 0, reader.Number());
        if (hash == known)
            return new PulledExperience(hash, isOnPolicy, null);
        using var memory = new HostBuffer(length);
        var isWhole = Ranges.Pull(link, answer.Handle, 0, memory.Address, length);
        link.Post(new Outgoing(new FrameHeader(FrameKind.Release) { Handle = answer.Handle }));
        return isWhole ? new PulledExperience(hash, isOnPolicy, memory.Slice(0, checked((int)length)).ToArray()) : null;
    }
}
