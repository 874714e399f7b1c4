using System.Collections.Concurrent;
using System.Collections.Immutable;
using ActorTrain.Chaos.Tests.Schedules;
using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence;
using Akka.Persistence.Sql.Journal;

namespace ActorTrain.Chaos.Tests.World;

/// <summary>The SQL journal on a database that fails and is slow, as the schedule of a run has it.</summary>
public sealed class ChaosJournal : SqlWriteJournal
{
    private static readonly TimeSpan Slowness = TimeSpan.FromMilliseconds(60);
    private static readonly ConcurrentDictionary<string, ChaosInjector> Schedules = new();
    private readonly ChaosInjector faults;

    /// <summary>Made by the actor system.</summary>
    public ChaosJournal(Config journalConfig)
        : base(journalConfig) => faults = Schedules[journalConfig.GetString("chaos")];

    /// <summary>The settings of a journal that fails as an injector says.</summary>
    internal static Config Settings(string key, ChaosInjector faults)
    {
        Schedules[key] = faults;
        return ConfigurationFactory.ParseString($$"""
            akka.persistence.journal.sql {
              class = "{{typeof(ChaosJournal).FullName}}, {{typeof(ChaosJournal).Assembly.GetName().Name}}"
              chaos = "{{key}}"
            }
            """);
    }

    internal static void Forget(string key) => Schedules.TryRemove(key, out _);

    public override Task<long> ReadHighestSequenceNrAsync(string persistenceId, long fromSequenceNr, CancellationToken cancellationToken) =>
        faults.ChooseWrite() is JournalFault.Fail or JournalFault.FailWritten
            ? Task.FromException<long>(new ChaosJournalException())
            : base.ReadHighestSequenceNrAsync(persistenceId, fromSequenceNr, cancellationToken);

    public override async Task ReplayMessagesAsync(
        IActorContext context, string persistenceId, long fromSequenceNr, long toSequenceNr, long max, Action<IPersistentRepresentation> recoveryCallback)
    {
        var fault = faults.ChooseWrite();
        if (fault == JournalFault.Fail)
            throw new ChaosJournalException();
        await base.ReplayMessagesAsync(context, persistenceId, fromSequenceNr, toSequenceNr, max, recoveryCallback);
        if (fault == JournalFault.Slow)
            await Task.Delay(Slowness, CancellationToken.None);
        if (fault == JournalFault.FailWritten)
            throw new ChaosJournalException();
    }

    protected override async Task<IImmutableList<Exception>> WriteMessagesAsync(IEnumerable<AtomicWrite> messages, CancellationToken cancellationToken)
    {
        var fault = faults.ChooseWrite();
        if (fault == JournalFault.Fail)
            throw new ChaosJournalException();
        var rejections = await base.WriteMessagesAsync(messages, cancellationToken);
        if (fault == JournalFault.Slow)
            await Task.Delay(Slowness, CancellationToken.None);
        return fault == JournalFault.FailWritten ? throw new ChaosJournalException() : rejections;
    }
}

/// <summary>The database failed on command.</summary>
public sealed class ChaosJournalException() : IOException("The database was made to fail.");
