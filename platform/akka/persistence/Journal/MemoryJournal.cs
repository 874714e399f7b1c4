using System.Collections.Concurrent;
using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Persistence.Journal;

/// <summary>A journal in the memory of its actor system.</summary>
public class MemoryJournal : AsyncWriteJournal
{
    private readonly ConcurrentDictionary<string, EventLog> logs = new();

    private protected virtual ConcurrentDictionary<string, EventLog> Logs => logs;

    /// <inheritdoc/>
    public override Task<long> ReadHighestSequenceNrAsync(string persistenceId, long fromSequenceNr, CancellationToken cancellationToken) =>
        Task.FromResult(Logs.TryGetValue(persistenceId, out var log) ? log.Highest : 0);

    /// <inheritdoc/>
    public override Task ReplayMessagesAsync(
        IActorContext context, string persistenceId, long fromSequenceNr, long toSequenceNr, long max, Action<IPersistentRepresentation> recoveryCallback)
    {
        if (Logs.TryGetValue(persistenceId, out var log))
        {
            foreach (var @event in log.Read(fromSequenceNr, toSequenceNr, max))
                recoveryCallback(@event);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override Task<IImmutableList<Exception>> WriteMessagesAsync(IEnumerable<AtomicWrite> messages, CancellationToken cancellationToken)
    {
        var now = DateTime.UtcNow.Ticks;
        string id = null;
        EventLog log = null;
        foreach (var write in messages)
        {
            // A batch comes from one actor.
            if (!ReferenceEquals(id, write.PersistenceId))
                log = Logs.GetOrAdd(id = write.PersistenceId, static _ => new EventLog());
            log.Add(write, now);
        }

        return NothingRejected;
    }

    /// <inheritdoc/>
    protected override Task DeleteMessagesToAsync(string persistenceId, long toSequenceNr, CancellationToken cancellationToken)
    {
        if (Logs.TryGetValue(persistenceId, out var log))
            log.DeleteTo(toSequenceNr);
        return Task.CompletedTask;
    }

    private static readonly Task<IImmutableList<Exception>> NothingRejected = Task.FromResult<IImmutableList<Exception>>(null);

    /// <summary>The events of one persistence id.</summary>
    private protected sealed class EventLog
    {
        private readonly List<IPersistentRepresentation> events = [];
        private long highest;

        public long Highest
        {
            get
            {
                lock (events)
                    return highest;
            }
        }

        public void Add(AtomicWrite write, long now)
        {
            lock (events)
            {
                for (var index = 0; index < write.Size; index++)
                {
                    var @event = Persistent.Stamp(write[index], now);
                    events.Add(@event);
                    highest = Math.Max(highest, @event.SequenceNr);
                }
            }
        }

        public void DeleteTo(long sequenceNr)
        {
            lock (events)
                events.RemoveAll(@event => @event.SequenceNr <= sequenceNr);
        }

        public IReadOnlyList<IPersistentRepresentation> Read(long from, long to, long max)
        {
            lock (events)
            {
                var inRange = events.Where(@event => @event.SequenceNr >= from && @event.SequenceNr <= to);
                return [.. inRange.Take((int)Math.Min(max, int.MaxValue))];
            }
        }
    }
}

/// <summary>A journal in memory that all actor systems of the process share.</summary>
public class SharedMemoryJournal : MemoryJournal
{
    private static readonly ConcurrentDictionary<string, EventLog> Shared = new();

    private protected override ConcurrentDictionary<string, EventLog> Logs => Shared;
}
