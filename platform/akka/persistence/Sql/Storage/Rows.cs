#nullable enable
namespace Akka.Persistence.Sql.Storage;

/// <summary>One row of the table <c>journal</c>, with its rows of the table <c>tags</c>.</summary>
/// <param name="PersistenceId">At most 255 characters.</param>
/// <param name="SequenceNr">From 1, without gaps within a persistence id.</param>
/// <param name="Created">UTC ticks.</param>
/// <param name="Message">The event, serialized.</param>
/// <param name="Manifest">What the serializer needs to read it again, or empty.</param>
/// <param name="SerializerId">The serializer's number; null in rows that other programs wrote without one.</param>
/// <param name="WriterUuid">The incarnation of the actor that wrote it.</param>
/// <param name="Tags">The tags it is written with; not read back.</param>
internal sealed record JournalRow(
    string PersistenceId, long SequenceNr, long Created, byte[] Message, string Manifest, int? SerializerId, string? WriterUuid, IReadOnlyCollection<string> Tags);

/// <summary>One row of the table <c>snapshot</c>.</summary>
/// <param name="PersistenceId">At most 255 characters.</param>
/// <param name="SequenceNr">Of the last event that the snapshot includes.</param>
/// <param name="Created">UTC ticks.</param>
/// <param name="Payload">The snapshot, serialized.</param>
/// <param name="Manifest">What the serializer needs to read it again, or empty.</param>
/// <param name="SerializerId">The serializer's number.</param>
internal sealed record SnapshotRow(string PersistenceId, long SequenceNr, long Created, byte[] Payload, string Manifest, int? SerializerId);

/// <summary>Which snapshots of a persistence id are meant; all bounds are inclusive.</summary>
internal readonly record struct SnapshotRange(string PersistenceId, long MinSequenceNr, long MaxSequenceNr, long MinCreated,
    long MaxCreated);
