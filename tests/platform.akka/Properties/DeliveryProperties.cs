using System.Collections.Concurrent;
using Akka.Actor;
using Xunit.Abstractions;

namespace ActorTrain.Tests.PlatformAkka;

/// <summary>Messages between a pair come in order, none is lost and none comes twice, and an actor handles one at a time: however many
/// senders there are, and however often the receivers fail.</summary>
public sealed class DeliveryProperties(ITestOutputHelper output) : ActorTest(
    """
    akka.loglevel = OFF
    one-by-one { type = Dispatcher, throughput = 1 }
    many-at-once { type = Dispatcher, throughput = 1000 }
    own-thread { type = PinnedDispatcher }
    """)
{
    private const int Receivers = 4;
    private const int SendersOfEachKind = 4;
    private const int MessagesOfEachSender = 2_000;

    [Theory]
    [InlineData("akka.actor.default-dispatcher")]
    [InlineData("one-by-one")]
    [InlineData("many-at-once")]
    [InlineData("own-thread")]
    public async Task Every_message_comes_once_in_order_and_alone(string dispatcher)
    {
        foreach (var seed in Seeds.Take(5, output))
            await Run(seed, dispatcher, asynchronous: false);
    }

    /// <summary>The next message waits for the end of an asynchronous handler, which keeps its sender and its actor across awaits.</summary>
    [Theory]
    [InlineData("akka.actor.default-dispatcher")]
    [InlineData("one-by-one")]
    [InlineData("own-thread")]
    public async Task So_it_does_where_handlers_are_asynchronous(string dispatcher)
    {
        foreach (var seed in Seeds.Take(5, output))
            await Run(seed, dispatcher, asynchronous: true);
    }

    private async Task Run(int seed, string dispatcher, bool asynchronous)
    {
        var witnesses = Enumerable.Range(0, Receivers).Select(_ => new Witness()).ToArray();
        var supervisor = Sys.ActorOf(Props.Create(() => new Supervisor(seed, dispatcher, witnesses, asynchronous)));
        var receivers = await supervisor.Ask<IActorRef[]>("receivers");
        var threads = Enumerable.Range(0, SendersOfEachKind).Select(sender => Task.Factory.StartNew(
            () =>
            {
                for (var number = 0; number < MessagesOfEachSender; number++)
                    receivers[Seeds.Draw(Receivers, seed, sender, number)].Tell(new Numbered(sender, number), ActorRefs.NoSender);
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default));
        foreach (var sender in Enumerable.Range(SendersOfEachKind, SendersOfEachKind))
            Sys.ActorOf(Props.Create(() => new Sender(seed, sender, receivers))).Tell(0);
        await Task.WhenAll(threads);

        const int Sent = 2 * SendersOfEachKind * MessagesOfEachSender;
        AwaitCondition(() => witnesses.Sum(witness => witness.Seen) >= Sent, TimeSpan.FromMinutes(2), TimeSpan.FromMilliseconds(1));

        // What might still be on its way, a message that comes twice, is before the answer to this.
        foreach (var (receiver, witness) in receivers.Zip(witnesses))
            (await receiver.Ask<int>("seen")).ShouldBe(witness.Seen);
        witnesses.Sum(witness => witness.Seen).ShouldBe(Sent);
        witnesses.SelectMany(witness => witness.Violations).ShouldBeEmpty();
        witnesses.Sum(witness => witness.Restarts).ShouldBeGreaterThan(0, "The faults of the test must have happened.");
        Sys.Stop(supervisor);
    }

    private sealed record Numbered(int Sender, int Number);

    /// <summary>What outlives the restarts of a receiver.</summary>
    private sealed class Witness
    {
        private readonly int[] last = [.. Enumerable.Repeat(-1, 2 * SendersOfEachKind)];
        private int inside;
        private int seen;
        private int restarts;

        public ConcurrentQueue<string> Violations { get; } = new();

        public int Seen => Volatile.Read(ref seen);

        public int Restarts => Volatile.Read(ref restarts);

        public async Task Alone(Func<Task> action)
        {
            if (Interlocked.Increment(ref inside) != 1)
                Violations.Enqueue("Two at once.");
            try
            {
                await action();
            }
            finally
            {
                Interlocked.Decrement(ref inside);
            }
        }

        public void Alone(Action action)
        {
            // Completed when it returns, because the action does not await.
            Alone(() =>
            {
                action();
                return Task.CompletedTask;
            }).GetAwaiter().GetResult();
        }

        // Nothing here is atomic that need not be: an actor that ran twice at once would also be found by a wrong sum.
        public void See(int seed, int receiver, Numbered message)
        {
            var expected = last[message.Sender] + 1;
            while (Seeds.Draw(Receivers, seed, message.Sender, expected) != receiver)
                expected++;
            if (message.Number != expected)
                Violations.Enqueue($"Sender {message.Sender}: {message.Number} came where {expected} was next.");
            last[message.Sender] = message.Number;
            seen++;
        }

        public void Restarted() => restarts++;
    }

    private sealed class Supervisor : ReceiveActor
    {
        public Supervisor(int seed, string dispatcher, Witness[] witnesses, bool asynchronous)
        {
            var receivers = witnesses
                .Select((witness, index) => Context.ActorOf(Props.Create(() => new Receiver(seed, index, witness, asynchronous)).WithDispatcher(dispatcher)))
                .ToArray();
            Receive<string>(_ => Sender.Tell(receivers));
        }

        protected override SupervisorStrategy SupervisorStrategy() => FaultException.Obeyed;
    }

    private sealed class Receiver : ReceiveActor
    {
        private readonly int seed;
        private readonly int index;
        private readonly Witness witness;

        public Receiver(int seed, int index, Witness witness, bool asynchronous)
        {
            this.seed = seed;
            this.index = index;
            this.witness = witness;
            if (asynchronous)
                ReceiveAsync<Numbered>(message => witness.Alone(() => HandleAsync(message)));
            else
                Receive<Numbered>(message => witness.Alone(() => Handle(message)));
            Receive<string>(_ => Sender.Tell(witness.Seen));
        }

        protected override void PreRestart(Exception reason, object message) => witness.Alone(() => base.PreRestart(reason, message));

        protected override void PostRestart(Exception reason) => witness.Alone(() =>
        {
            witness.Restarted();
            base.PostRestart(reason);
        });

        private void Handle(Numbered message)
        {
            witness.See(seed, index, message);
            if (Seeds.Draw(100, seed, message.Sender, message.Number, 1) < 10)
                Thread.Yield();
            MayFail(message);
        }

        private async Task HandleAsync(Numbered message)
        {
            witness.See(seed, index, message);
            var (self, sender) = (Self, Sender);
            switch (Seeds.Draw(100, seed, message.Sender, message.Number, 1))
            {
                case < 10:
                    await Task.Yield();
                    break;
                case < 20:
                    await Task.Run(static () => Thread.Yield());
                    break;
            }

            if (!Self.Equals(self) || !Sender.Equals(sender))
                witness.Violations.Enqueue("An await lost the actor or the sender.");
            MayFail(message);
        }

        private void MayFail(Numbered message)
        {
            switch (Seeds.Draw(100, seed, message.Sender, message.Number, 2))
            {
                case < 2:
                    throw new FaultException(Directive.Restart);
                case < 3:
                    throw new FaultException(Directive.Resume);
            }
        }
    }

    /// <summary>Sends one message for each that it gets from itself, so that actors on all threads send side by side.</summary>
    private sealed class Sender : ReceiveActor
    {
        public Sender(int seed, int sender, IActorRef[] receivers) => Receive<int>(number =>
        {
            if (number == MessagesOfEachSender)
            {
                Context.Stop(Self);
                return;
            }

            receivers[Seeds.Draw(Receivers, seed, sender, number)].Tell(new Numbered(sender, number));
            Self.Tell(number + 1);
        });
    }
}
