using Akka.Actor;

namespace ActorTrain.Platform.Tests.Core;

public sealed class StashTests : CoreTest
{
    public StashTests() : base("""
        small {
          mailbox-type = "Akka.Dispatch.UnboundedDequeBasedMailbox"
          stash-capacity = 2
        }
        """)
    {
    }

    [Fact]
    public void Messages_laid_aside_come_back_in_their_order_and_before_later_ones()
    {
        var came = Listen();
        var actor = Sys.ActorOf(Props.Create(() => new Gate(came.Ref)));
        foreach (var n in Enumerable.Range(1, 5))
            actor.Tell(n);
        actor.Tell("open");
        actor.Tell(6);
        Enumerable.Range(1, 6).ShouldAllBe(n => came.Next().Equals(n));
    }

    [Fact]
    public void Unstash_gives_back_only_the_oldest()
    {
        var came = Listen();
        var actor = Sys.ActorOf(Props.Create(() => new Gate(came.Ref)));
        actor.Tell(1);
        actor.Tell(2);
        actor.Tell("one");
        came.Next().ShouldBe(1);
        actor.Tell("mark");
        came.Next().ShouldBe("mark");
    }

    [Fact]
    public void A_restart_gives_back_what_was_laid_aside()
    {
        var came = Listen();
        var actor = Sys.ActorOf(Props.Create(() => new Gate(came.Ref)));
        actor.Tell(1);
        actor.Tell(2);
        actor.Tell("fail");
        actor.Tell("open");
        actor.Tell(3);
        Enumerable.Range(1, 3).ShouldAllBe(n => came.Next().Equals(n));
    }

    [Fact]
    public void What_is_laid_aside_when_the_actor_ends_is_a_dead_letter()
    {
        var letters = Listen();
        Sys.EventStream.Subscribe(letters.Ref, typeof(Akka.Event.DeadLetter));
        var actor = Sys.ActorOf(Props.Create(() => new Gate(ActorRefs.Nobody)));
        actor.Tell(1);
        actor.Tell(PoisonPill.Instance);
        letters.Next<Akka.Event.DeadLetter>().Message.ShouldBe(1);
    }

    [Fact]
    public void A_stash_with_a_bound_throws_when_it_is_full()
    {
        var came = Listen();
        var actor = Sys.ActorOf(Props.Create(() => new Gate(came.Ref)).WithMailbox("small"));
        actor.Tell(1);
        actor.Tell(2);
        actor.Tell("full?");
        came.Next().ShouldBe(true);
        actor.Tell(3);
        came.Next().ShouldBe(nameof(StashOverflowException));
    }

    [Fact]
    public void A_message_is_laid_aside_once_only()
    {
        var came = Listen();
        var actor = Sys.ActorOf(Props.Create(() => new Gate(came.Ref)));
        actor.Tell('2');
        came.Next().ShouldBe(nameof(IllegalActorStateException));
    }

    [Fact]
    public void One_object_that_was_sent_twice_is_laid_aside_twice()
    {
        var came = Listen();
        var actor = Sys.ActorOf(Props.Create(() => new Gate(came.Ref)));
        object same = 1;
        actor.Tell(same, ActorRefs.NoSender);
        actor.Tell(same, ActorRefs.NoSender);
        actor.Tell("open");
        came.Next().ShouldBe(1);
        came.Next().ShouldBe(1);
    }

    [Fact]
    public void The_sender_of_a_message_is_laid_aside_with_it()
    {
        var came = Listen();
        var sender = Listen();
        var actor = Sys.ActorOf(Props.Create(() => new Gate(came.Ref)));
        actor.Tell(1, sender.Ref);
        actor.Tell("open", ActorRefs.NoSender);
        came.Next().ShouldBe(1);
        came.LastSender.ShouldBe(sender.Ref);
    }

    private sealed class Gate : ReceiveActor, IWithStash
    {
        private readonly IActorRef listener;

        public Gate(IActorRef listener)
        {
            this.listener = listener;
            Receive<int>(_ => Guarded(Stash.Stash));
            Receive<char>(_ => Guarded(() =>
            {
                Stash.Stash();
                Stash.Stash();
            }));
            Receive<string>(s => s == "full?", _ => listener.Tell(Stash.IsFull));
            Receive<string>(s => s == "one", _ =>
            {
                Become(() => ReceiveAny(listener.Forward));
                Stash.Unstash();
            });
            Receive<string>(s => s == "open", _ =>
            {
                Become(() => ReceiveAny(listener.Forward));
                Stash.UnstashAll();
            });
            Receive<string>(s => s == "fail", _ => throw new InvalidOperationException("fail"));
        }

        public IStash Stash { get; set; } = null!;

        private void Guarded(Action stash)
        {
            try
            {
                stash();
            }
            catch (AkkaException e)
            {
                listener.Tell(e.GetType().Name);
            }
        }
    }
}
