using System.Collections.Concurrent;
using Akka;
using Akka.Actor;
using Akka.Configuration;

namespace ActorTrain.Tests.PlatformAkka;

public sealed class CoordinatedShutdownTests : ActorTest
{
    private const string Phases =
        """
        akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit"
        akka.coordinated-shutdown {
          terminate-actor-system = off
          run-by-actor-system-terminate = off
          phases {
            drain { depends-on = [before-service-unbind], timeout = 20s }
            strict { depends-on = [drain], timeout = 3s, recover = off }
            service-unbind { depends-on = [strict] }
          }
        }
        """;

    private readonly ConcurrentQueue<string> log = new();

    public CoordinatedShutdownTests()
        : base(Phases)
    {
    }

    private CoordinatedShutdown Coordinated => CoordinatedShutdown.Get(Sys);

    [Fact]
    public async Task Phases_run_in_the_order_of_their_dependencies()
    {
        foreach (var phase in (string[])[
                     CoordinatedShutdown.PhaseActorSystemTerminate, CoordinatedShutdown.PhaseServiceUnbind, "strict", "drain",
                     CoordinatedShutdown.PhaseClusterLeave, CoordinatedShutdown.PhaseBeforeServiceUnbind])
            Note(phase, phase);

        await Coordinated.Run(CoordinatedShutdown.UnknownReason.Instance);

        log.ShouldBe(["before-service-unbind", "drain", "strict", "service-unbind", "cluster-leave", "actor-system-terminate"]);
    }

    [Fact]
    public async Task A_phase_waits_for_all_tasks_of_the_one_before()
    {
        var slow = new TaskCompletionSource<Done>();
        Coordinated.AddTask(CoordinatedShutdown.PhaseBeforeServiceUnbind, "slow", () => slow.Task);
        Note(CoordinatedShutdown.PhaseBeforeServiceUnbind, "beside");
        Note("drain", "after");

        var run = Coordinated.Run(CoordinatedShutdown.UnknownReason.Instance);
        log.ShouldBe(["beside"]);
        run.IsCompleted.ShouldBeFalse();
        slow.SetResult(Done.Instance);
        await run;

        log.ShouldBe(["beside", "after"]);
    }

    [Fact]
    public async Task It_runs_once_and_remembers_why()
    {
        Note("drain", "drained");
        Coordinated.ShutdownReason.ShouldBeNull();

        await Coordinated.Run(CoordinatedShutdown.ClrExitReason.Instance);
        await Coordinated.Run(CoordinatedShutdown.UnknownReason.Instance);

        log.ShouldBe(["drained"]);
        Coordinated.ShutdownReason.ShouldBe(CoordinatedShutdown.ClrExitReason.Instance);
        Coordinated.ShutdownReason.ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task It_may_start_from_a_later_phase()
    {
        Note(CoordinatedShutdown.PhaseBeforeServiceUnbind, "skipped");
        Note("drain", "drained");
        Note("strict", "strict");

        await Coordinated.Run(CoordinatedShutdown.UnknownReason.Instance, "drain");

        log.ShouldBe(["drained", "strict"]);
    }

    [Fact]
    public async Task A_task_may_add_tasks_to_later_phases()
    {
        Coordinated.AddTask("drain", "adds", () =>
        {
            Note("strict", "added");
            return Task.FromResult(Done.Instance);
        });

        await Coordinated.Run(CoordinatedShutdown.UnknownReason.Instance);

        log.ShouldBe(["added"]);
    }

    [Fact]
    public async Task A_task_that_fails_is_passed_over_where_its_phase_recovers()
    {
        Coordinated.AddTask("drain", "thrower", () => throw new InvalidOperationException("at once"));
        Coordinated.AddTask("drain", "failer", () => Task.FromException<Done>(new InvalidOperationException("later")));
        Note("strict", "went on");

        await EventFilter.Warning(contains: "failed in phase [drain]").ExpectAsync(
            2, () => Coordinated.Run(CoordinatedShutdown.UnknownReason.Instance));

        log.ShouldBe(["went on"]);
    }

    [Fact]
    public async Task A_task_that_fails_ends_the_shutdown_where_its_phase_does_not_recover()
    {
        Coordinated.AddTask("strict", "failer", () => Task.FromException<Done>(new InvalidOperationException("broken")));
        Note(CoordinatedShutdown.PhaseServiceUnbind, "never");

        var thrown = await Should.ThrowAsync<Exception>(Coordinated.Run(CoordinatedShutdown.UnknownReason.Instance));

        thrown.GetBaseException().Message.ShouldBe("broken");
        log.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_phase_that_takes_too_long_is_passed_over_where_it_recovers()
    {
        Hang(CoordinatedShutdown.PhaseBeforeServiceUnbind);
        Note("drain", "went on");
        var run = Coordinated.Run(CoordinatedShutdown.UnknownReason.Instance);

        Clock.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        run.IsCompleted.ShouldBeFalse();
        log.ShouldBeEmpty();
        Clock.Advance(TimeSpan.FromTicks(1));
        await run;

        log.ShouldBe(["went on"]);
    }

    [Fact]
    public async Task A_phase_that_takes_too_long_ends_the_shutdown_where_it_does_not_recover()
    {
        Hang("strict");
        Note(CoordinatedShutdown.PhaseServiceUnbind, "never");
        var run = Coordinated.Run(CoordinatedShutdown.UnknownReason.Instance);

        AwaitCondition(
            () =>
            {
                Clock.Advance(TimeSpan.FromSeconds(3));
                return run.IsCompleted;
            },
            null,
            TimeSpan.FromMilliseconds(1));

        var thrown = await Should.ThrowAsync<Exception>(run);
        thrown.GetBaseException().ShouldBeOfType<TimeoutException>();
        log.ShouldBeEmpty();
    }

    [Fact]
    public void Timeouts_are_those_of_the_configuration()
    {
        Coordinated.Timeout("drain").ShouldBe(TimeSpan.FromSeconds(20));
        Coordinated.Timeout(CoordinatedShutdown.PhaseServiceStop).ShouldBe(TimeSpan.FromSeconds(5));
        Should.Throw<ArgumentException>(() => Coordinated.Timeout("unheard-of"));

        Coordinated.TotalTimeout.ShouldBe(TimeSpan.Zero);
        Note("drain", "drained");
        Note("strict", "strict");
        Coordinated.TotalTimeout.ShouldBe(TimeSpan.FromSeconds(23));
    }

    [Fact]
    public void A_task_of_an_unknown_phase_is_refused()
    {
        Should.Throw<ConfigurationException>(() => Note("unheard-of", "never")).Message.ShouldContain("unheard-of");
    }

    [Fact]
    public async Task By_default_it_runs_when_the_actor_system_is_terminated()
    {
        using var system = ActorSystem.Create("by-default");
        var order = new ConcurrentQueue<string>();
        var actor = system.ActorOf(Props.Create(() => new Stopping(order)));
        (await actor.Ask<string>("ready?")).ShouldBe("ready");
        CoordinatedShutdown.Get(system).AddTask(CoordinatedShutdown.PhaseBeforeActorSystemTerminate, "before", () =>
        {
            order.Enqueue("before the end");
            return Task.FromResult(Done.Instance);
        });

        await system.Terminate();

        order.ShouldBe(["before the end", "actor stopped"]);
        CoordinatedShutdown.Get(system).ShutdownReason.ShouldBe(CoordinatedShutdown.ActorSystemTerminateReason.Instance);
    }

    [Fact]
    public async Task By_default_its_end_is_the_end_of_the_actor_system()
    {
        using var system = ActorSystem.Create("by-default");

        await CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.UnknownReason.Instance);

        system.WhenTerminated.IsCompletedSuccessfully.ShouldBeTrue();
    }

    [Fact]
    public void Phases_that_depend_on_one_another_are_refused()
    {
        using var system = ActorSystem.Create("circular", ConfigurationFactory.ParseString(
            """
            akka.coordinated-shutdown {
              run-by-actor-system-terminate = off
              phases {
                hen { depends-on = [egg] }
                egg { depends-on = [hen] }
              }
            }
            """));

        Should.Throw<Exception>(() => CoordinatedShutdown.Get(system)).GetBaseException().Message.ShouldContain("Cycle");
    }

    private void Note(string phase, string words) => Coordinated.AddTask(phase, words, () =>
    {
        log.Enqueue(words);
        return Task.FromResult(Done.Instance);
    });

    private void Hang(string phase) => Coordinated.AddTask(phase, "hangs", () => new TaskCompletionSource<Done>().Task);

    private sealed class Stopping : ReceiveActor
    {
        private readonly ConcurrentQueue<string> order;

        public Stopping(ConcurrentQueue<string> order)
        {
            this.order = order;
            ReceiveAny(_ => Sender.Tell("ready"));
        }

        protected override void PostStop() => order.Enqueue("actor stopped");
    }
}
