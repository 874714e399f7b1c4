using Akka.Actor;
using Xunit.Abstractions;

namespace ActorTrain.Tests.PlatformAkka;

/// <summary>Strategies restart those children that they say, and as often as they say.</summary>
public sealed class SupervisionProperties(ITestOutputHelper output) : ActorTest("akka.loglevel = OFF")
{
    private const int Children = 5;

    [Fact]
    public async Task All_for_one_restarts_all_and_one_for_one_only_the_one()
    {
        foreach (var seed in Seeds.Take(10, output))
        {
            var allForOne = Seeds.Draw(2, seed, 0) == 0;
            var (parent, children) = await Family(
                allForOne ? new AllForOneStrategy(_ => Directive.Restart) : new OneForOneStrategy(_ => Directive.Restart));
            for (var round = 0; round < 30; round++)
            {
                var failing = Seeds.Draw(Children, seed, 1, round);

                children[failing].Tell("fail");

                int[] expected = allForOne ? [.. Enumerable.Range(0, Children)] : [failing];
                ReceiveN(expected.Length).Cast<Restarted>().Select(restarted => restarted.Child).Order().ShouldBe(expected);
            }

            AllAnswer(children);
            Sys.Stop(parent);
        }
    }

    [Fact]
    public async Task All_for_one_stops_all()
    {
        var (_, children) = await Family(new AllForOneStrategy(_ => Directive.Stop));
        foreach (var child in children)
            Watch(child);

        children[2].Tell("fail");

        ReceiveN(Children).Cast<Terminated>().Select(terminated => terminated.ActorRef).ShouldBe(children, ignoreOrder: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_the_allowed_restarts_a_failure_stops(bool allForOne)
    {
        foreach (var seed in Seeds.Take(10, output))
        {
            var allowed = Seeds.Draw(8, seed, 0);
            var window = TimeSpan.FromHours(1);
            var (parent, children) = await Family(allForOne
                ? new AllForOneStrategy(allowed, window, _ => Directive.Restart)
                : new OneForOneStrategy(allowed, window, _ => Directive.Restart));
            for (var restart = 0; restart < allowed; restart++)
            {
                children[0].Tell("fail");
                ReceiveN(allForOne ? Children : 1);
            }

            foreach (var child in children)
                Watch(child);
            children[0].Tell("fail");

            var ended = ReceiveN(allForOne ? Children : 1).Cast<Terminated>().Select(terminated => terminated.ActorRef);
            ended.ShouldBe(allForOne ? children : [children[0]], ignoreOrder: true);
            if (!allForOne)
                AllAnswer(children[1..]);
            foreach (var child in children)
                Unwatch(child);
            Sys.Stop(parent);
        }
    }

    [Fact]
    public async Task Restarts_outside_of_the_window_do_not_count()
    {
        var window = TimeSpan.FromMilliseconds(5);
        var (_, children) = await Family(new OneForOneStrategy(1, window, _ => Directive.Restart));
        for (var restart = 0; restart < 20; restart++)
        {
            children[0].Tell("fail");
            ExpectMsg<Restarted>();

            // Only the clock can end a window; a slow machine makes this wait longer, never shorter.
            var end = Now + (4 * window);
            AwaitCondition(() => Now > end, null, window);
        }

        AllAnswer(children);
    }

    /// <summary>A restart of the new children would be told before their answers.</summary>
    [Fact]
    public async Task Escalation_restarts_the_parent_and_stops_its_children()
    {
        var (parent, children) = await Family(new OneForOneStrategy(_ => Directive.Escalate));
        foreach (var child in children)
            Watch(child);

        children[0].Tell("fail");

        ReceiveN(Children).Cast<Terminated>().Select(terminated => terminated.ActorRef).ShouldBe(children, ignoreOrder: true);
        var anew = await parent.Ask<IActorRef[]>("children");
        anew.ShouldNotContain(child => children.Contains(child), "The parent has been made anew, with new children.");
        AllAnswer(anew);
    }

    private async Task<(IActorRef Parent, IActorRef[] Children)> Family(SupervisorStrategy strategy)
    {
        var parent = Sys.ActorOf(Props.Create(() => new Parent(strategy, TestActor)));
        return (parent, await parent.Ask<IActorRef[]>("children"));
    }

    private void AllAnswer(IEnumerable<IActorRef> children)
    {
        foreach (var child in children)
        {
            child.Tell("hello");
            ExpectMsgFrom(child, "hello");
        }
    }

    private sealed record Restarted(int Child);

    private sealed class Parent : ReceiveActor
    {
        private readonly SupervisorStrategy strategy;

        public Parent(SupervisorStrategy strategy, IActorRef witness)
        {
            this.strategy = strategy;
            var children = Enumerable.Range(0, Children).Select(child => Context.ActorOf(Props.Create(() => new Child(child, witness)))).ToArray();
            Receive<string>(_ => Sender.Tell(children));
        }

        protected override SupervisorStrategy SupervisorStrategy() => strategy;
    }

    private sealed class Child : ReceiveActor
    {
        private readonly int number;
        private readonly IActorRef witness;

        public Child(int number, IActorRef witness)
        {
            this.number = number;
            this.witness = witness;
            Receive<string>(text =>
            {
                if (text == "fail")
                    throw new InvalidOperationException(text);
                Sender.Tell(text);
            });
        }

        protected override void PostRestart(Exception reason) => witness.Tell(new Restarted(number));
    }
}
