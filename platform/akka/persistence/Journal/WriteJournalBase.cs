using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Persistence.Journal;

/// <summary>What all journals have in common.</summary>
public abstract class WriteJournalBase : ActorBase
{
    /// <summary>The events of a batch as they are to be written: without what only matters while the actor lives.</summary>
    protected IEnumerable<AtomicWrite> PreparePersistentBatch(IEnumerable<IPersistentEnvelope> resequenceables)
    {
        foreach (var envelope in resequenceables)
        {
            if (envelope is AtomicWrite write)
                yield return Prepare(write);
        }
    }

    private protected static AtomicWrite Prepare(AtomicWrite write) => HasSenders(write) ? WithoutSenders(write) : write;

    private static bool HasSenders(AtomicWrite write)
    {
        for (var index = 0; index < write.Size; index++)
        {
            if (write[index].Sender is { } sender && !sender.IsNobody())
                return true;
        }

        return false;
    }

    private static AtomicWrite WithoutSenders(AtomicWrite write) =>
        new(((IEnumerable<IPersistentRepresentation>)write.Payload).Select(WithoutSender).ToImmutableArray());

    private static IPersistentRepresentation WithoutSender(IPersistentRepresentation @event) =>
        @event.Update(@event.SequenceNr, @event.PersistenceId, @event.IsDeleted, ActorRefs.NoSender, @event.WriterGuid);
}
