using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence;
using Akka.TestKit.Xunit2;

namespace ActorTrain.Platform.Tests.Persistence;

public sealed class RecoveryPermitTests() : TestKit(Settings)
{
    private static readonly Config Settings = ConfigurationFactory.ParseString("akka.persistence.max-concurrent-recoveries = 2")
        .WithFallback(new Store(StoreKind.Memory).Config);

    [Fact]
    public void No_more_actors_recover_at_a_time_than_may()
    {
        var prefix = Guid.NewGuid().ToString("N");
        var writers = Enumerable.Range(0, 20).Select(number =>
            Sys.ActorOf(Props.Create(() => new Scripted($"{prefix}-{number}", TestActor, null, null)))).ToList();
        ReceiveN(writers.Count).ShouldAllBe(static message => message is Recovered);
        foreach (var writer in writers)
        {
            writer.Tell(new Action<Scripted>(static me =>
                me.PersistAll(Enumerable.Range(0, 50).Select(static n => new Happened($"{n}")), static _ => { })));
            writer.Tell(new Action<Scripted>(static me => me.Tell("written")));
        }

        ReceiveN(writers.Count);
        var recovering = new Gauge();
        foreach (var number in Enumerable.Range(0, writers.Count))
            Sys.ActorOf(Props.Create(() => new Counting($"{prefix}-{number}", TestActor, recovering)));
        for (var number = 0; number < writers.Count; number++)
            ExpectMsg(50);
        recovering.Highest.ShouldBeInRange(1, 2);
    }

    public sealed class Gauge
    {
        private readonly ConcurrentDictionary<string, bool> now = new();
        private readonly ConcurrentBag<int> seen = [];

        public int Highest => seen.Max();

        public void Enter(string id)
        {
            now[id] = true;
            seen.Add(now.Count);
        }

        public void Leave(string id) => now.TryRemove(id, out _);
    }

    private sealed class Counting : UntypedPersistentActor
    {
        private readonly IActorRef probe;
        private readonly Gauge recovering;
        private int events;

        public Counting(string id, IActorRef probe, Gauge recovering)
        {
            PersistenceId = id;
            this.probe = probe;
            this.recovering = recovering;
        }

        public override string PersistenceId { get; }

        protected override void OnCommand(object message)
        {
        }

        protected override void OnRecover(object message)
        {
            if (message is RecoveryCompleted)
            {
                recovering.Leave(PersistenceId);
                probe.Tell(events);
            }
            else
            {
                recovering.Enter(PersistenceId);
                events++;
            }
        }
    }
}
