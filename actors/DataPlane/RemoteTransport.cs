using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Models;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using static TorchSharp.torch;

namespace ActorTrain.Actors.DataPlane;

/// <summary>The transport of the control process, as the trainers of a node see it.</summary>
internal sealed class RemoteTransport : IGradientPublisher, IFrameHandler, IDisposable
{
    private readonly FrameLink link;
    private readonly MappedMemory mapped;
    private readonly PulledTotals totals;
    private readonly PulledTotals weights;
    private readonly Lock gate = new();

    // By offset in shared memory, otherwise by handle.
    private readonly Dictionary<ulong, Tensor> announced = [];
    private ulong handle;
    private bool isDisposed;

    /// <param name="memory">Not owned.</param>
    public RemoteTransport(FrameLink link, GradientPool memory, MappedMemory mapped)
    {
        (this.link, Memory, this.mapped) = (link, memory, mapped);
        totals = new PulledTotals(memory.Length, memory.Capacity);
        weights = new PulledTotals(memory.Length, memory.Capacity);
    }

    public GradientPool Memory { get; }

    public bool Publish(Round round, LaneBlock block, Tensor gradient, FlatChecksum checksum) =>
        Publish(new FrameHeader(FrameKind.Publish) { Round = round, Block = block }, gradient, checksum);

    public unsafe bool PublishWeights(Round round, GradientShard shard, nint weights, FlatChecksum checksum)
    {
        var vector = Memory.Rent();
        var bytes = shard.Count * sizeof(float);
        Buffer.MemoryCopy((void*)weights, (void*)(vector.Address() + shard.ByteOffset), bytes, bytes);
        return Publish(new FrameHeader(FrameKind.PublishWeights) { Round = round, Slot = shard.Number }, vector, checksum);
    }

    public bool Holds(Round round, LaneBlock block) =>
        link.Ask(new FrameHeader(FrameKind.Holds) { Round = round, Block = block }) is { Header.Value: Ranges.Done };

    public GradientLease? Total(Round round) => Open(FrameKind.Total, round, totals);

    public GradientLease? Weights(Round round) => Open(FrameKind.Weights, round, weights);

    private GradientLease? Open(FrameKind kind, Round round, PulledTotals pulled)
    {
        if (link.Ask(new FrameHeader(kind) { Round = round }) is not var (answer, payload))
            return null;
        if (answer.Value == Ranges.Refused)
        {
            pulled.Forget(round);
            return null;
        }

        var reader = new PayloadReader(payload);
        var (place, checksum) = (reader.Place(), reader.Checksum(FlatSums.BlocksOf(Memory.Length)));
        if (place is { } known && answer.Offset <= known.Length - Memory.Length * sizeof(float)
            && mapped.Open(known, isWritable: false) is { } memory)
        {
            var vector = TensorMemory.Vector(memory.Address(answer.Offset), Memory.Length);
            return new GradientLease(vector, checksum, () =>
            {
                vector.Dispose();
                memory.Dispose();
                Release(answer.Handle);
            });
        }

        var total = pulled.Get(round, checksum, to => Ranges.Pull(link, answer.Handle, slot: 0, to, Memory.Length * sizeof(float)));
        Release(answer.Handle);
        return total;
    }

    public nint Target(in FrameHeader header) => 0;

    public void Handle(in FrameHeader header, ReadOnlySpan<byte> payload, bool isIntact)
    {
        switch (header.Kind)
        {
            case FrameKind.Freed:
                Memory.Return(Taken((ulong)header.Offset)
                    ?? throw new FrameException($"No vector at {header.Offset} is published."));
                break;
            case FrameKind.Pull:
                Send(header);
                break;
            default:
                throw new FrameException($"The control process sends no frame {header.Kind}.");
        }
    }

    /// <summary>Returns what is still published. The connection must have ended, and the pool be disposed of: nobody else gets the
    /// memory.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            isDisposed = true;
            foreach (var vector in announced.Values)
                Memory.Return(vector);
            announced.Clear();
        }

        totals.Dispose();
        weights.Dispose();
    }

    private bool Publish(in FrameHeader request, Tensor vector, FlatChecksum checksum) => Memory.Shared is { } shared
        ? PublishShared(request, vector, checksum, shared)
        : PublishCopied(request, vector, checksum);

    // The vector comes back by a notice, whatever the answer. If the connection ends, the other side may still read it: nobody else gets
    // its memory.
    private bool PublishShared(FrameHeader request, Tensor gradient, FlatChecksum checksum, SharedMemory shared)
    {
        var offset = shared.OffsetAt(gradient.Address())
            ?? throw new InvariantException("What is published must be a vector of the transport's memory.");
        lock (gate)
        {
            if (isDisposed)
            {
                Memory.Return(gradient);
                return false;
            }

            announced.Add((ulong)offset, gradient);
        }

        return link.Ask(request with { Offset = offset }, new PayloadWriter().Add(checksum).Bytes) is { Header.Value: Ranges.Done };
    }

    private bool PublishCopied(FrameHeader request, Tensor gradient, FlatChecksum checksum)
    {
        ulong announcement;
        lock (gate)
            announced.Add(announcement = ++handle, gradient);
        var payload = new PayloadWriter().Add(checksum).Bytes;
        var isPublished = link.Ask(request with { Handle = announcement }, payload) is { Header.Value: Ranges.Done };
        if (Taken(announcement) is { } vector)
            Memory.Return(vector);
        return isPublished;
    }

    private Tensor? Taken(ulong key)
    {
        lock (gate)
            return announced.Remove(key, out var vector) ? vector : null;
    }

    private void Send(in FrameHeader header)
    {
        Tensor? vector;
        lock (gate)
            announced.TryGetValue(header.Handle, out vector);
        var length = Memory.Length * sizeof(float);
        if (vector is null || header.Length is < 1 or > FrameHeader.LongestPayload || header.Offset < 0
            || header.Offset > length - header.Length)
            throw new FrameException($"There are no {header.Length} bytes at {header.Offset} of a sum that is published.");
        link.Post(new Outgoing(new FrameHeader(FrameKind.Answer) { Number = header.Number, Value = Ranges.Done })
        {
            Address = vector.Address() + (nint)header.Offset,
            Length = (int)header.Length,
        });
    }

    private void Release(ulong opened) => link.Post(new Outgoing(new FrameHeader(FrameKind.Release) { Handle = opened }));
}
