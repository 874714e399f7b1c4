using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Dispatch.MessageQueues;

namespace ActorTrain.Platform.Tests.Core;

public sealed class MailboxTests : CoreTest
{
    public MailboxTests() : base("""
        bounded {
          mailbox-type = "Akka.Dispatch.BoundedMailbox"
          mailbox-capacity = 2
          mailbox-push-timeout-time = 1ms
        }
        every-other.mailbox-type = "ActorTrain.Platform.Tests.Core.EveryOther, ActorTrain.Platform.Akka.Tests"
        own-thread {
          type = PinnedDispatcher
          executor = fork-join-executor
        }
        """)
    {
    }

    [Fact]
    public void What_finds_no_room_in_a_bounded_mailbox_is_a_dead_letter()
    {
        using var gate = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        var letters = Listen();
        Sys.EventStream.Subscribe(letters.Ref, typeof(Akka.Event.DeadLetter));
        var came = Listen();
        var actor = Sys.ActorOf(Acting.Props((message, _) =>
        {
            begun.Set();
            gate.Wait(Patience);
            came.Ref.Tell(message);
        }).WithMailbox("bounded"));
        actor.Tell(0);
        begun.Wait(Patience);
        for (var i = 1; i <= 4; i++)
            actor.Tell(i);
        letters.Next<Akka.Event.DeadLetter>().Message.ShouldBe(3);
        letters.Next<Akka.Event.DeadLetter>().Message.ShouldBe(4);
        gate.Set();
        Enumerable.Range(0, 3).ShouldAllBe(n => came.Next().Equals(n));
    }

    [Fact]
    public void A_mailbox_type_of_the_program_takes_its_place()
    {
        var came = Listen();
        var actor = Sys.ActorOf(Acting.Props((message, _) => came.Ref.Tell(message)).WithMailbox("every-other"));
        for (var i = 0; i < 6; i++)
            actor.Tell(i);
        new[] { came.Next(), came.Next(), came.Next() }.ShouldBe([0, 2, 4]);
    }

    [Fact]
    public void A_mailbox_or_a_dispatcher_that_is_not_configured_is_refused()
    {
        Should.Throw<ConfigurationException>(() => Sys.ActorOf(Acting.Props((_, _) => { }).WithMailbox("nowhere")));
        Should.Throw<ConfigurationException>(() => Sys.ActorOf(Acting.Props((_, _) => { }).WithDispatcher("nowhere")));
    }

    [Fact]
    public async Task A_pinned_actor_keeps_to_one_thread_of_its_own()
    {
        var first = Sys.ActorOf(Acting.Props(TellThread).WithDispatcher("own-thread"));
        var second = Sys.ActorOf(Acting.Props(TellThread).WithDispatcher("own-thread"));
        var threads = new List<int>();
        for (var i = 0; i < 20; i++)
            threads.Add(await first.Ask<int>("where", Patience));
        threads.Distinct().ShouldHaveSingleItem().ShouldNotBe(await second.Ask<int>("where", Patience));
        await first.GracefulStop(Patience);

        static void TellThread(object message, IActorContext context)
        {
            Thread.CurrentThread.IsThreadPoolThread.ShouldBeFalse();
            context.Sender.Tell(Environment.CurrentManagedThreadId);
        }
    }

    [Fact]
    public void An_actor_that_a_handler_has_woken_runs_even_if_the_handler_waits_for_it()
    {
        using var answered = new ManualResetEventSlim();
        var came = Listen();
        var second = Act((_, _) => answered.Set());
        var first = Act((message, _) =>
        {
            second.Tell(message);
            came.Ref.Tell(answered.Wait(Patience));
        });
        for (var i = 0; i < 20; i++)
        {
            first.Tell(i);
            came.Next().ShouldBe(true);
            answered.Reset();
        }
    }

    [Fact]
    public void Actors_that_wake_each_other_for_ever_leave_room_for_others()
    {
        var came = Listen();
        var pairs = Enumerable.Range(0, 2 * Environment.ProcessorCount).Select(_ => (Act(Return), Act(Return))).ToList();
        foreach (var (one, other) in pairs)
            one.Tell("ball", other);
        var third = Act((message, _) => came.Ref.Tell(message));
        for (var i = 0; i < 20; i++)
        {
            third.Tell(i);
            came.Next().ShouldBe(i);
        }

        static void Return(object message, IActorContext context) => context.Sender.Tell(message);
    }

    [Fact]
    public Task A_queue_keeps_the_order_of_each_sender_and_loses_nothing() => Seeds.ForEach(20, async random =>
    {
        var queue = new UnboundedMessageQueue();
        var senders = random.Next(1, 5);
        var each = random.Next(1, 3000);
        var sending = Task.WhenAll(Enumerable.Range(0, senders).Select(sender => Task.Run(() =>
        {
            for (var i = 0; i < each; i++)
                queue.Enqueue(ActorRefs.Nobody, new Envelope((sender, i), ActorRefs.Nobody));
        })));
        var next = new int[senders];
        for (var taken = 0; taken < senders * each;)
        {
            if (!queue.TryDequeue(out var envelope))
            {
                Thread.Yield();
                continue;
            }
            var (sender, number) = ((int, int))envelope.Message;
            number.ShouldBe(next[sender]++);
            taken++;
        }
        await sending;
        queue.HasMessages.ShouldBeFalse();
        queue.Count.ShouldBe(0);
    });

    [Fact]
    public void A_queue_counts_what_waits()
    {
        var queue = new UnboundedMessageQueue();
        for (var i = 0; i < 1000; i++)
            queue.Enqueue(ActorRefs.Nobody, new Envelope(i, ActorRefs.Nobody));
        queue.Count.ShouldBe(1000);
        for (var i = 0; i < 400; i++)
            queue.TryDequeue(out _).ShouldBeTrue();
        queue.Count.ShouldBe(600);
        queue.HasMessages.ShouldBeTrue();
    }
}

/// <summary>Drops every other message.</summary>
public sealed class EveryOther(Settings settings, Config config) : MailboxType(settings, config), IProducesMessageQueue<EveryOther.Dropping>
{
    public override IMessageQueue Create(IActorRef owner, ActorSystem system) => new Dropping();

    public sealed class Dropping : IMessageQueue
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<Envelope> inner = new();
        private int count;

        public bool HasMessages => !inner.IsEmpty;

        public int Count => inner.Count;

        public void Enqueue(IActorRef receiver, Envelope envelope)
        {
            if (Interlocked.Increment(ref count) % 2 == 1)
                inner.Enqueue(envelope);
        }

        public bool TryDequeue(out Envelope envelope) => inner.TryDequeue(out envelope);

        public void CleanUp(IActorRef owner, IMessageQueue deadletters)
        {
        }
    }
}
