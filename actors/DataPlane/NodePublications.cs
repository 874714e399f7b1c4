using System.Collections.Concurrent;
using ActorTrain.Actors.Reduction;
using ActorTrain.Models;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Storage;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Actors.DataPlane;

/// <summary>Publishes the sums of a node whose memory cannot be mapped: pulls each into a vector of the process, on a thread of its
/// own.</summary>
internal sealed class NodePublications
{
    private readonly FrameLink link;
    private readonly IGradientTransport transport;
    private readonly ILogger logger;
    private readonly BlockingCollection<(FrameHeader Request, FlatChecksum Checksum)> announced;
    private readonly Thread thread;

    /// <param name="capacity">Sums that may wait.</param>
    public NodePublications(FrameLink link, IGradientTransport transport, int capacity, string name, ILogger logger)
    {
        (this.link, this.transport, this.logger) = (link, transport, logger);
        announced = new BlockingCollection<(FrameHeader, FlatChecksum)>(capacity);
        thread = new Thread(PublishAll) { IsBackground = true, Name = $"{name}-pull" };
        thread.Start();
    }

    /// <exception cref="FrameException">More wait than the node may have.</exception>
    public void Add(in FrameHeader request, FlatChecksum checksum)
    {
        if (!announced.TryAdd((request, checksum)))
            throw new FrameException($"{announced.BoundedCapacity} sums wait to be pulled, more than the node has.");
    }

    /// <summary>Ends after the sum that is being pulled, whose connection must have ended.</summary>
    public void End()
    {
        announced.CompleteAdding();
        while (!thread.Join(TimeSpan.FromSeconds(1)))
        {
        }
    }

    private void PublishAll()
    {
        foreach (var (request, checksum) in announced.GetConsumingEnumerable())
        {
            try
            {
                link.Answer(request, Publish(request, checksum) ? Ranges.Done : Ranges.Refused);
            }
            catch (Exception exception)
            {
                link.Close($"A sum could not be published: {exception.Message}");
            }
        }
    }

    private bool Publish(in FrameHeader request, FlatChecksum checksum)
    {
        if (link.Reason is not null || (request.Kind == FrameKind.Publish && transport.Holds(request.Round, request.Block)))
            return false;
        TorchSharp.torch.Tensor vector;
        try
        {
            vector = transport.Memory.Rent();
        }
        catch (InvariantException exception)
        {
            logger.LogWarning("A sum of {Round} is refused: {Reason}", request.Round, exception.Message);
            return false;
        }

        if (request.Kind == FrameKind.PublishWeights)
            return PublishWeights(request, checksum, vector);

        // The lanes of a slow node may have been computed elsewhere in the meantime.
        var (round, block) = (request.Round, request.Block);
        if (Ranges.Pull(link, request.Handle, slot: 0, vector.Address(), transport.Memory.Length * sizeof(float),
            isWanted: () => !transport.Holds(round, block)))
            return transport.Publish(round, block, vector, checksum);
        transport.Memory.Return(vector);
        return false;
    }

    private bool PublishWeights(in FrameHeader request, FlatChecksum checksum, TorchSharp.torch.Tensor vector)
    {
        var shard = transport.Shards[request.Slot];
        var address = vector.Address() + shard.ByteOffset;
        var isPublished = Ranges.Pull(link, request.Handle, slot: 0, address, shard.Count * sizeof(float), shard.ByteOffset)
            && transport.PublishWeights(request.Round, shard, address, checksum);
        transport.Memory.Return(vector);
        return isPublished;
    }
}
