using System.Collections.Immutable;
using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence.Journal;
using Akka.Persistence.Sql.Storage;

namespace Akka.Persistence.Sql.Journal;

/// <summary>A journal in an SQL database.</summary>
public class SqlWriteJournal : AsyncWriteJournal
{
    private readonly PayloadSerialization serialization;
    private readonly JournalStore store;
    private readonly int replayBatch;

    /// <summary>Reads the keys below <c>akka.persistence.journal.sql</c>.</summary>
    /// <exception cref="ConfigurationException">The provider or the table mapping is unknown, or the connection string is
    /// missing.</exception>
    public SqlWriteJournal(Config journalConfig)
    {
        var settings = new SqlPluginSettings(journalConfig.WithFallback(SqlPersistence.DefaultConfiguration.GetConfig(SqlPersistence.JournalConfigPath)), SqlTables.Journal);
        serialization = new PayloadSerialization((ExtendedActorSystem)Context.System, settings.Serializer);
        replayBatch = settings.ReplayBatchSize;
        store = new JournalStore(settings.Open, settings.BufferSize);
    }

    /// <inheritdoc/>
    public override Task<long> ReadHighestSequenceNrAsync(string persistenceId, long fromSequenceNr, CancellationToken cancellationToken) =>
        store.HighestSequenceNrAsync(persistenceId);

    /// <inheritdoc/>
    public override async Task ReplayMessagesAsync(
        IActorContext context, string persistenceId, long fromSequenceNr, long toSequenceNr, long max, Action<IPersistentRepresentation> recoveryCallback)
    {
        while (fromSequenceNr <= toSequenceNr && max > 0)
        {
            var limit = (int)Math.Min(replayBatch, max);
            var rows = await store.ReadAsync(persistenceId, fromSequenceNr, toSequenceNr, limit).ConfigureAwait(false);
            foreach (var row in rows)
                recoveryCallback(Event(row));
            if (rows.Count < replayBatch)
                return;
            max -= rows.Count;
            fromSequenceNr = rows[^1].SequenceNr + 1;
        }
    }

    /// <inheritdoc/>
    protected override async Task<IImmutableList<Exception>> WriteMessagesAsync(IEnumerable<AtomicWrite> messages, CancellationToken cancellationToken)
    {
        var now = DateTime.UtcNow.Ticks;
        var rows = new List<JournalRow>();
        var rejections = new List<Exception>();
        foreach (var write in messages)
        {
            var before = rows.Count;
            try
            {
                for (var index = 0; index < write.Size; index++)
                    rows.Add(Row(write[index], now));
                rejections.Add(null);
            }
            catch (Exception unfit)
            {
                // What cannot be serialized was not written: that is a rejection, of all events that belong together.
                rows.RemoveRange(before, rows.Count - before);
                rejections.Add(unfit);
            }
        }

        await store.WriteAsync(rows).ConfigureAwait(false);
        return rejections.TrueForAll(static rejection => rejection is null) ? null : rejections.ToImmutableList();
    }

    /// <inheritdoc/>
    protected override Task DeleteMessagesToAsync(string persistenceId, long toSequenceNr, CancellationToken cancellationToken) =>
        store.DeleteToAsync(persistenceId, toSequenceNr);

    /// <inheritdoc/>
    protected override void PostStop()
    {
        store.Dispose();
        base.PostStop();
    }

    private JournalRow Row(IPersistentRepresentation @event, long now)
    {
        var (payload, tags) = @event.Payload is Tagged tagged
            ? (tagged.Payload, (IReadOnlyCollection<string>)tagged.Tags)
            : (@event.Payload, []);
        var (bytes, manifest, serializerId) = serialization.Serialize(payload);
        return new JournalRow(@event.PersistenceId, @event.SequenceNr, @event.Timestamp == 0 ? now : @event.Timestamp, bytes, manifest,
            serializerId, @event.WriterGuid, tags);
    }

    private Persistent Event(JournalRow row) => new(
        serialization.Deserialize(row.Message, row.SerializerId, row.Manifest),
        row.SequenceNr, row.PersistenceId, row.Manifest, false, ActorRefs.NoSender, row.WriterUuid, row.Created);
}
