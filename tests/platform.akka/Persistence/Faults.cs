using System.Collections.Concurrent;
using System.Collections.Immutable;
using Akka.Configuration;
using Akka.Persistence;
using Akka.Persistence.Journal;
using Akka.Persistence.Sql.Journal;

namespace ActorTrain.Platform.Tests.Persistence;

/// <summary>What a journal does with an atomic write.</summary>
public enum Fault
{
    None,

    /// <summary>It is rejected: not written, and the actor is told so.</summary>
    Reject,

    /// <summary>The write fails, and nothing is written.</summary>
    FailUnwritten,

    /// <summary>The write fails, but the events are there.</summary>
    FailWritten,
}

/// <summary>Faults that tests order for the writes of a persistence id.</summary>
public static class Faults
{
    private static readonly ConcurrentDictionary<string, Func<AtomicWrite, Fault>> Ordered = new();
    private static readonly ConcurrentDictionary<string, TaskCompletionSource> Held = new();

    public static void Order(string persistenceId, Func<AtomicWrite, Fault> fault) => Ordered[persistenceId] = fault;

    /// <summary>Writes of the id wait until the returned source is completed.</summary>
    public static TaskCompletionSource Hold(string persistenceId) =>
        Held[persistenceId] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Carries a batch out with the faults ordered for it.</summary>
    public static async Task<IImmutableList<Exception>> WriteAsync(
        IEnumerable<AtomicWrite> messages, Func<IEnumerable<AtomicWrite>, Task<IImmutableList<Exception>>> write)
    {
        var all = messages.ToList();
        var faults = all.ConvertAll(static message =>
            Ordered.TryGetValue(message.PersistenceId, out var fault) ? fault(message) : Fault.None);
        if (Held.TryGetValue(all[0].PersistenceId, out var held))
            await held.Task;
        if (faults.Contains(Fault.FailUnwritten))
            throw new IOException("The journal failed on command and wrote nothing.");
        var accepted = all.Where((_, index) => faults[index] != Fault.Reject).ToList();
        var results = accepted.Count == 0 ? null : await write(accepted);
        (results?.All(static rejection => rejection is null) ?? true).ShouldBeTrue("a journal under test rejected what it should have taken");
        if (faults.Contains(Fault.FailWritten))
            throw new IOException("The journal failed on command after it wrote.");
        return faults.Contains(Fault.Reject) ? [.. faults.Select(Rejection)] : null!;
    }

    private static Exception Rejection(Fault fault) =>
        fault == Fault.Reject ? new ArgumentException("The journal rejected on command.") : null!;
}

/// <summary>The journal in memory that outlives actor systems, with faults on command.</summary>
public sealed class FaultyMemoryJournal : SharedMemoryJournal
{
    protected override Task<IImmutableList<Exception>> WriteMessagesAsync(IEnumerable<AtomicWrite> messages, CancellationToken cancellationToken) =>
        Faults.WriteAsync(messages, accepted => base.WriteMessagesAsync(accepted, cancellationToken));
}

/// <summary>The journal in SQL, with faults on command.</summary>
public sealed class FaultySqlJournal(Config journalConfig) : SqlWriteJournal(journalConfig)
{
    protected override Task<IImmutableList<Exception>> WriteMessagesAsync(IEnumerable<AtomicWrite> messages, CancellationToken cancellationToken) =>
        Faults.WriteAsync(messages, accepted => base.WriteMessagesAsync(accepted, cancellationToken));
}
