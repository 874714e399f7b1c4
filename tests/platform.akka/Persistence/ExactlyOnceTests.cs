using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Xunit.Abstractions;

namespace ActorTrain.Platform.Tests.Persistence;

/// <summary>Whatever fails and whenever, each recovery brings each persisted event exactly once, in order.</summary>
/// <remarks>Actors crash before, between and after their events, journals reject and fail (with and without having written), actor systems end and
/// others go on from the same store. A failure says its seed: <c>Run(kind, seed)</c> does the same again.</remarks>
[Trait("Category", "Slow")]
public sealed class ExactlyOnceTests(ITestOutputHelper output) : TestKit("akka.loglevel = OFF")
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(StoreKind.Memory, 60)]
    [InlineData(StoreKind.Sqlite, 25)]
    [InlineData(StoreKind.PostgreSql, 25)]
    public async Task Each_persisted_event_comes_back_exactly_once(StoreKind kind, int seeds)
    {
        for (var seed = 1; seed <= seeds; seed++)
        {
            try
            {
                await Run(kind, seed);
            }
            catch
            {
                output.WriteLine($"{kind}, seed {seed}");
                throw;
            }
        }
    }

    private async Task Run(StoreKind kind, int seed)
    {
        using var store = new Store(kind);
        var config = ConfigurationFactory.ParseString("akka.loglevel = OFF").WithFallback(store.Config);
        var random = new Random(seed);
        var truth = new Truth();
        Faults.Order(store.Id, write => truth.Judge(write, random));
        var number = 0;
        foreach (var rounds in new[] { 4, 4, 4, 0 })
        {
            var system = ActorSystem.Create("life", config);
            var probe = CreateTestProbe();
            var ledger = Start(system, store, probe, truth);
            for (var round = 0; round < rounds; round++)
            {
                for (var command = random.Next(1, 12); command > 0; command--)
                {
                    var size = random.Next(1, 4);
                    ledger.Tell(new Enter([.. Enumerable.Range(number, size)], random.Next(3) == 0, (Crash)random.Next(-12, 4),
                        random.Next(8) == 0), probe.Ref);
                    number += size;
                }

                if (!Settled(ledger, probe, truth))
                    ledger = Start(system, store, probe, truth);
            }

            if (rounds == 0)
                Settled(ledger, probe, truth).ShouldBeTrue();
            await system.Terminate();
        }
    }

    private static IActorRef Start(ActorSystem system, Store store, TestProbe probe, Truth truth)
    {
        var ledger = system.ActorOf(Props.Create(() => new Ledger(store.Id, probe.Ref, truth, store.Kind != StoreKind.Memory)));
        probe.Watch(ledger);
        return ledger;
    }

    // Waits until all commands are done, and checks what is said meanwhile; false if the ledger has stopped.
    private static bool Settled(IActorRef ledger, TestProbe probe, Truth truth)
    {
        var asked = 0;
        Ask();
        while (true)
        {
            switch (probe.ReceiveOne(Patience))
            {
                case Recovery recovery:
                    recovery.Brought.ShouldBe(recovery.Written);
                    Ask(); // A restart forgets what was deferred.
                    break;
                case int entered:
                    truth.Acknowledge(entered);
                    break;
                case Settle settle when settle.Ledger.Equals(ledger) && settle.Number == asked:
                    return true;
                case Terminated terminated when terminated.ActorRef.Equals(ledger):
                    return false;
                case null:
                    throw new TimeoutException("The ledger neither answers nor ends.");
            }
        }

        void Ask() => ledger.Tell(new Settle(ledger, ++asked), probe.Ref);
    }

    private enum Crash
    {
        BeforePersist,
        AfterPersist,
        InFirstHandler,
        InLastHandler,
    }

    private sealed record Enter(int[] Numbers, bool Async, Crash Crash, bool Snapshot);

    private sealed record Entered(int Number);

    private sealed record Book(int[] Numbers);

    private sealed record Recovery(int[] Brought, int[] Written);

    private sealed record Settle(IActorRef Ledger, int Number);

    /// <summary>What must be in the journal: what the journal wrote, as it itself saw it.</summary>
    private sealed class Truth
    {
        private readonly List<int> written = [];
        private readonly HashSet<int> acknowledged = [];

        public Fault Judge(AtomicWrite write, Random random)
        {
            lock (written)
            {
                var fault = random.Next(20) switch
                {
                    0 or 1 => Fault.Reject,
                    2 => Fault.FailWritten,
                    _ => Fault.None,
                };
                if (fault != Fault.Reject)
                    written.AddRange(((IEnumerable<IPersistentRepresentation>)write.Payload).Select(static e =>
                        ((Entered)e.Payload).Number));
                return fault;
            }
        }

        public void Acknowledge(int number)
        {
            lock (written)
            {
                written.ShouldContain(number);
                acknowledged.Add(number).ShouldBeTrue($"{number} was handled twice");
            }
        }

        public int[] Written()
        {
            lock (written)
                return [.. written];
        }
    }

    private sealed class Ledger : ReceivePersistentActor
    {
        private readonly List<int> entries = [];

        public Ledger(string id, IActorRef probe, Truth truth, bool deletes)
        {
            PersistenceId = id;
            Recover<SnapshotOffer>(offer => entries.AddRange(((Book)offer.Snapshot).Numbers));
            Recover<Entered>(entered => entries.Add(entered.Number));
            Recover<RecoveryCompleted>(_ => probe.Tell(new Recovery([.. entries], truth.Written())));
            Command<Enter>(command =>
            {
                if (command.Crash == Crash.BeforePersist)
                    throw new InvalidOperationException("on command");
                var events = command.Numbers.Select(static number => new Entered(number)).ToList();
                Action<Entered> handler = entered =>
                {
                    if (command.Crash == Crash.InFirstHandler && entered.Number == command.Numbers[0])
                        throw new InvalidOperationException("on command");
                    entries.Add(entered.Number);
                    probe.Tell(entered.Number);
                    if (command.Crash == Crash.InLastHandler && entered.Number == command.Numbers[^1])
                        throw new InvalidOperationException("on command");
                    if (command.Snapshot)
                        SaveSnapshot(new Book([.. entries]));
                };
                if (command.Async)
                    PersistAllAsync(events, handler);
                else
                    PersistAll(events, handler);
                if (command.Crash == Crash.AfterPersist)
                    throw new InvalidOperationException("on command");
            });
            Command<SaveSnapshotSuccess>(success =>
            {
                // A snapshot in memory does not outlive the actor system; what it stands for must stay in the journal then.
                if (deletes)
                    DeleteMessages(success.Metadata.SequenceNr - 1);
            });
            Command<DeleteMessagesSuccess>(static _ => { });
            Command<Settle>(settle => DeferAsync(settle, answer => probe.Tell(answer)));
        }

        public override string PersistenceId { get; }
    }
}
