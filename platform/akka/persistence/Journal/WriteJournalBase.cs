using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Persistence.Journal;

/// <summary>What all journals have in common.</summary>
public abstract class WriteJournalBase : ActorBase
{
    /// <summary>The events of a batch as they are to be written: without what only matters while the actor lives.</summary>
    protected IEnumerable<AtomicWrite> PreparePersistentBatch(IEnumerable<IPersistentEnvelope> resequenceables) =>
        resequenceables.OfType<AtomicWrite>().Select(static write => write.Size == 1
            ? new AtomicWrite(WithoutSender(write.Events[0]))
            : new AtomicWrite(write.Events.Select(WithoutSender).ToImmutableArray()));

    private static IPersistentRepresentation WithoutSender(IPersistentRepresentation @event) => @event.Sender is null || @event.Sender.IsNobody()
        ? @event
        : @event.Update(@event.SequenceNr, @event.PersistenceId, @event.IsDeleted, ActorRefs.NoSender, @event.WriterGuid);
}
