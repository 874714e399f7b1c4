using Akka.Actor;

namespace ActorTrain.Platform.Tests.Core;

public sealed class SupervisionTests : CoreTest
{
    private sealed class Resumable(string message) : Exception(message);

    private sealed class Restartable(string message) : Exception(message);

    private sealed class Stoppable(string message) : Exception(message);

    private sealed class Escalating(string message) : Exception(message);

    private static Directive Decide(Exception e) => e switch
    {
        Resumable => Directive.Resume,
        Restartable => Directive.Restart,
        Stoppable => Directive.Stop,
        _ => Directive.Escalate,
    };

    [Fact]
    public async Task Resume_keeps_the_state_and_Restart_does_not()
    {
        var child = await Child(new OneForOneStrategy(Decide));
        (await child.Ask<int>("count", Patience)).ShouldBe(1);
        child.Tell(new Resumable("r"));
        (await child.Ask<int>("count", Patience)).ShouldBe(2);
        child.Tell(new Restartable("r"));
        (await child.Ask<int>("count", Patience)).ShouldBe(1);
    }

    [Fact]
    public async Task Stop_ends_the_child_and_leaves_its_siblings()
    {
        var (parent, first) = await ParentAndChild(new OneForOneStrategy(Decide));
        var second = await parent.Ask<IActorRef>("make", Patience);
        var listener = Listen();
        listener.Watch(first);
        (await second.Ask<int>("count", Patience)).ShouldBe(1);
        first.Tell(new Stoppable("s"));
        listener.NextTerminated().ShouldBe(first);
        (await second.Ask<int>("count", Patience)).ShouldBe(2);
    }

    [Fact]
    public async Task Escalate_fails_the_parent_whose_restart_ends_the_child()
    {
        var (parent, child) = await ParentAndChild(new OneForOneStrategy(Decide));
        var listener = Listen();
        listener.Watch(child);
        (await parent.Ask<int>("count", Patience)).ShouldBe(1);
        child.Tell(new Escalating("e"));
        listener.NextTerminated().ShouldBe(child);
        (await parent.Ask<int>("count", Patience)).ShouldBe(1);
    }

    [Fact]
    public async Task All_for_one_restarts_the_siblings_too()
    {
        var (parent, first) = await ParentAndChild(new AllForOneStrategy(Decide));
        var second = await parent.Ask<IActorRef>("make", Patience);
        (await second.Ask<int>("count", Patience)).ShouldBe(1);
        (await first.Ask<int>("count", Patience)).ShouldBe(1);
        first.Tell(new Restartable("r"));
        (await first.Ask<int>("count", Patience)).ShouldBe(1);
        (await second.Ask<int>("count", Patience)).ShouldBe(1);
    }

    [Fact]
    public async Task All_for_one_stops_the_siblings_too()
    {
        var (parent, first) = await ParentAndChild(new AllForOneStrategy(Decide));
        var second = await parent.Ask<IActorRef>("make", Patience);
        var listener = Listen();
        listener.Watch(first);
        listener.Watch(second);
        first.Tell(new Stoppable("s"));
        new[] { listener.NextTerminated(), listener.NextTerminated() }.ShouldBe([first, second], ignoreOrder: true);
    }

    [Fact]
    public async Task A_child_that_fails_more_often_than_allowed_is_stopped()
    {
        var child = await Child(new OneForOneStrategy(2, TimeSpan.FromHours(1), Decide));
        var listener = Listen();
        listener.Watch(child);
        child.Tell(new Restartable("1"));
        child.Tell(new Restartable("2"));
        (await child.Ask<int>("count", Patience)).ShouldBe(1);
        child.Tell(new Restartable("3"));
        listener.NextTerminated().ShouldBe(child);
    }

    [Fact]
    public async Task Without_a_limit_a_child_is_restarted_any_number_of_times()
    {
        var child = await Child(new OneForOneStrategy(Decide));
        for (var i = 0; i < 500; i++)
            child.Tell(new Restartable("again"));
        (await child.Ask<int>("count", Patience)).ShouldBe(1);
    }

    [Fact]
    public async Task A_limit_of_zero_restarts_never()
    {
        var child = await Child(new OneForOneStrategy(0, TimeSpan.FromHours(1), Decide));
        var listener = Listen();
        listener.Watch(child);
        child.Tell(new Restartable("1"));
        listener.NextTerminated().ShouldBe(child);
    }

    [Fact]
    public async Task The_strategy_of_the_props_comes_before_that_of_the_actor()
    {
        var parent = Sys.ActorOf(Props.Create(() => new Parent(SupervisorStrategy.DefaultStrategy)).WithSupervisorStrategy(SupervisorStrategy.StoppingStrategy));
        var child = await parent.Ask<IActorRef>("make", Patience);
        var listener = Listen();
        listener.Watch(child);
        child.Tell(new Restartable("r"));
        listener.NextTerminated().ShouldBe(child);
    }

    [Fact]
    public void A_decider_of_types_takes_the_own_entry_of_a_type_before_that_of_its_base()
    {
        var decider = Decider.From(Directive.Escalate, Directive.Stop.When<ArgumentException>(), Directive.Resume.When<ArgumentNullException>());
        decider.Decide(new ArgumentNullException()).ShouldBe(Directive.Resume);
        decider.Decide(new ArgumentException()).ShouldBe(Directive.Stop);
        decider.Decide(new ArgumentOutOfRangeException()).ShouldBe(Directive.Stop);
        decider.Decide(new InvalidOperationException()).ShouldBe(Directive.Escalate);
    }

    [Fact]
    public void The_default_decider_stops_what_cannot_live()
    {
        SupervisorStrategy.DefaultDecider.Decide(new ActorKilledException("k")).ShouldBe(Directive.Stop);
        SupervisorStrategy.DefaultDecider.Decide(new ActorInitializationException("i")).ShouldBe(Directive.Stop);
        SupervisorStrategy.DefaultDecider.Decide(new InvalidOperationException()).ShouldBe(Directive.Restart);
    }

    [Fact]
    public async Task Messages_wait_while_a_failure_is_judged()
    {
        var (_, child) = await ParentAndChild(new OneForOneStrategy(Decide));
        child.Tell(new Restartable("r"));
        for (var i = 0; i < 10; i++)
            child.Tell("count", ActorRefs.NoSender);
        (await child.Ask<int>("count", Patience)).ShouldBe(11);
    }

    private async Task<IActorRef> Child(SupervisorStrategy strategy) => (await ParentAndChild(strategy)).Child;

    private async Task<(IActorRef Parent, IActorRef Child)> ParentAndChild(SupervisorStrategy strategy)
    {
        var parent = Sys.ActorOf(Props.Create(() => new Parent(strategy)));
        return (parent, await parent.Ask<IActorRef>("make", Patience));
    }

    private sealed class Parent(SupervisorStrategy strategy) : UntypedActor
    {
        private int count;

        protected override void OnReceive(object message)
        {
            if (message is "make")
                Sender.Tell(Context.ActorOf(Props.Create(() => new Counting())));
            else
                Sender.Tell(++count);
        }

        protected override SupervisorStrategy SupervisorStrategy() => strategy;
    }

    private sealed class Counting : UntypedActor
    {
        private int count;

        protected override void OnReceive(object message)
        {
            if (message is Exception fault)
                throw fault;
            Sender.Tell(++count);
        }
    }
}
