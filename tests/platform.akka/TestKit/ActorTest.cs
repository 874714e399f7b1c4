using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Xunit.Abstractions;

namespace ActorTrain.Tests.PlatformAkka;

/// <summary>The base of the tests of actors: generous deadlines, which only a failing test reaches, and a log without noise.</summary>
public abstract class ActorTest : TestKit
{
    private static readonly Config Patient = ConfigurationFactory.ParseString(
        """
        akka {
          loglevel = DEBUG
          stdout-loglevel = OFF
          test {
            single-expect-default = 60s
            expect-no-message-default = 60s
            default-timeout = 60s
            filter-leeway = 60s
          }
        }
        """);

    /// <summary>Work due at some time runs when the test moves the clock, never by itself.</summary>
    protected const string VirtualTime = """akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit" """;

    protected ActorTest(string config = "", ITestOutputHelper? output = null)
        : base(ConfigurationFactory.ParseString(config).WithFallback(Patient), null, output)
    {
    }

    /// <summary>The clock of a test under <see cref="VirtualTime"/>.</summary>
    protected TestScheduler Clock => (TestScheduler)Sys.Scheduler;

    /// <summary>Makes an actor that runs on the thread that tells it something, so that nothing needs to be waited for.</summary>
    protected IActorRef ActorOnThisThread(Props props, string? name = null) =>
        Sys.ActorOf(props.WithDispatcher(CallingThreadDispatcher.Id), name);
}
