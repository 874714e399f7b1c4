using System.Collections.Immutable;
using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence;
using Akka.Persistence.Sql.Journal;

namespace ActorTrain.Chaos;

public enum JournalFault
{
    None,

    /// <summary>Fails without writing.</summary>
    Fail,

    /// <summary>Writes, then fails to acknowledge.</summary>
    FailWritten,

    Slow,
}

/// <summary>The SQL journal on a database with failures and delays by an <see cref="IFaultInjector"/>.</summary>
public sealed class FaultyJournal(Config journalConfig) : SqlWriteJournal(journalConfig)
{
    private static readonly TimeSpan Slowness = TimeSpan.FromMilliseconds(60);
    private readonly MessageFaults faults = MessageFaults.Of(Context.System);

    /// <summary>Settings that use it in place of the SQL journal.</summary>
    public static Config Configuration { get; } = ConfigurationFactory.ParseString(
        $"""akka.persistence.journal.sql.class = "{typeof(FaultyJournal).FullName}, {typeof(FaultyJournal).Assembly.GetName().Name}" """);

    public override Task<long> ReadHighestSequenceNrAsync(string persistenceId, long fromSequenceNr, CancellationToken cancellationToken) =>
        Choose() is JournalFault.Fail or JournalFault.FailWritten
            ? Task.FromException<long>(new InjectedDatabaseFailureException())
            : base.ReadHighestSequenceNrAsync(persistenceId, fromSequenceNr, cancellationToken);

    public override async Task ReplayMessagesAsync(
        IActorContext context, string persistenceId, long fromSequenceNr, long toSequenceNr, long max,
        Action<IPersistentRepresentation> recoveryCallback)
    {
        var fault = Choose();
        if (fault == JournalFault.Fail)
            throw new InjectedDatabaseFailureException();
        await base.ReplayMessagesAsync(context, persistenceId, fromSequenceNr, toSequenceNr, max, recoveryCallback);
        await Answer(fault);
    }

    protected override async Task<IImmutableList<Exception>> WriteMessagesAsync(IEnumerable<AtomicWrite> messages,
        CancellationToken cancellationToken)
    {
        var fault = Choose();
        if (fault == JournalFault.Fail)
            throw new InjectedDatabaseFailureException();
        var rejections = await base.WriteMessagesAsync(messages, cancellationToken);
        await Answer(fault);
        return rejections;
    }

    private static async Task Answer(JournalFault fault)
    {
        if (fault == JournalFault.Slow)
            await Task.Delay(Slowness, CancellationToken.None);
        if (fault == JournalFault.FailWritten)
            throw new InjectedDatabaseFailureException();
    }

    private JournalFault Choose() => faults.Injector?.ChooseWrite() ?? JournalFault.None;
}

public sealed class InjectedDatabaseFailureException() : IOException("The database was made to fail.");
