using Akka.Actor;

namespace Akka.Persistence;

/// <summary>A message between persistent actors and their plugins; it never leaves the process.</summary>
public interface IPersistenceMessage : INoSerializationVerificationNeeded;

/// <summary>A message to or from a journal.</summary>
public interface IJournalMessage : IPersistenceMessage;

/// <summary>A message to a journal.</summary>
public interface IJournalRequest : IJournalMessage;

/// <summary>A message from a journal.</summary>
public interface IJournalResponse : IJournalMessage;

/// <summary>A message to or from a snapshot store.</summary>
public interface ISnapshotMessage : IPersistenceMessage;

/// <summary>A message to a snapshot store.</summary>
public interface ISnapshotRequest : ISnapshotMessage;

/// <summary>A message from a snapshot store.</summary>
public interface ISnapshotResponse : ISnapshotMessage;
