using Akka.Actor;
using Akka.Event;
using Akka.TestKit;
using Xunit.Abstractions;

namespace ActorTrain.Tests.PlatformAkka;

/// <summary>What the system tells an actor overtakes what users told it before.</summary>
public sealed class OvertakingProperties(ITestOutputHelper output) : ActorTest("akka.loglevel = OFF")
{
    [Fact]
    public void A_stopped_actor_handles_no_message_after_the_one_it_is_at()
    {
        foreach (var seed in Seeds.Take(20, output))
        {
            var waiting = Seeds.Draw(500, seed, 1);
            var letters = CreateTestProbe();
            Sys.EventStream.Subscribe(letters.Ref, typeof(DeadLetter));
            letters.IgnoreMessages<DeadLetter>(letter => letter.Message is not Work);
            var (begun, gate) = (CreateTestLatch(), CreateTestLatch());
            var handled = new Counter();
            var actor = Watch(Sys.ActorOf(Props.Create(() => new Worker(begun, gate, handled))));
            actor.Tell(new Work());
            begun.Ready();
            for (var message = 0; message < waiting; message++)
                actor.Tell(new Work());

            Sys.Stop(actor);
            gate.Open();

            ExpectTerminated(actor);
            handled.Value.ShouldBe(1);
            letters.ReceiveN(waiting).Count.ShouldBe(waiting);
            Sys.EventStream.Unsubscribe(letters.Ref);
            Sys.Stop(letters.Ref);
        }
    }

    [Fact]
    public void A_poison_pill_waits_its_turn()
    {
        foreach (var seed in Seeds.Take(20, output))
        {
            var waiting = Seeds.Draw(500, seed, 1);
            var (begun, gate) = (CreateTestLatch(), CreateTestLatch());
            var handled = new Counter();
            var actor = Watch(Sys.ActorOf(Props.Create(() => new Worker(begun, gate, handled))));
            actor.Tell(new Work());
            begun.Ready();
            for (var message = 0; message < waiting; message++)
                actor.Tell(new Work());
            actor.Tell(PoisonPill.Instance);
            actor.Tell(new Work());

            gate.Open();

            ExpectTerminated(actor);
            handled.Value.ShouldBe(1 + waiting);
        }
    }

    [Fact]
    public async Task An_actor_that_failed_handles_nothing_until_its_parent_has_judged()
    {
        foreach (var seed in Seeds.Take(20, output))
        {
            var directive = Seeds.Draw(2, seed, 1) == 0 ? Directive.Restart : Directive.Resume;
            var waiting = Seeds.Draw(500, seed, 2) + 1;
            var (failed, judged) = (CreateTestLatch(), CreateTestLatch());
            var handled = new Counter();
            var open = CreateTestLatch();
            open.Open();
            var parent = Sys.ActorOf(Props.Create(() => new Judge(directive, failed, judged, open, handled)));
            var child = await parent.Ask<IActorRef>("child");

            child.Tell(new FaultException(directive));
            for (var message = 0; message < waiting; message++)
                child.Tell(new Work());
            failed.Ready();
            handled.Value.ShouldBe(0);
            judged.Open();

            (await child.Ask<string>("done", TimeSpan.FromMinutes(1))).ShouldBe("done");
            handled.Value.ShouldBe(waiting);
            Sys.Stop(parent);
        }
    }

    private sealed record Work;

    private sealed class Counter
    {
        private int value;

        public int Value => Volatile.Read(ref value);

        public void Add() => Interlocked.Increment(ref value);
    }

    private sealed class Worker : ReceiveActor
    {
        public Worker(TestLatch begun, TestLatch gate, Counter handled)
        {
            Receive<Work>(_ =>
            {
                handled.Add();
                if (!begun.IsOpen)
                    begun.CountDown();
                gate.Ready();
            });
            Receive<FaultException>(fault => throw fault);
            Receive<string>(text => Sender.Tell(text));
        }
    }

    private sealed class Judge : ReceiveActor
    {
        private readonly Directive directive;
        private readonly TestLatch failed;
        private readonly TestLatch judged;

        public Judge(Directive directive, TestLatch failed, TestLatch judged, TestLatch open, Counter handled)
        {
            this.directive = directive;
            this.failed = failed;
            this.judged = judged;
            var child = Context.ActorOf(Props.Create(() => new Worker(open, open, handled)));
            Receive<string>(_ => Sender.Tell(child));
        }

        protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ =>
        {
            failed.CountDown();
            judged.Ready();
            return directive;
        });
    }
}
