using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.TestKit.Configs;
using Akka.TestKit.Internal;

namespace Akka.TestKit;

/// <summary>A test with an actor system of its own, a test actor that queues what it is told, and expectations on that queue.</summary>
/// <remarks>Test classes derive from the kit of their framework, <see cref="Xunit2.TestKit"/>, not from this class.</remarks>
public abstract partial class TestKitBase : IActorRefFactory
{
    private static int testActors;

    private readonly ITestKitAssertions assertions;
    private readonly TestQueue queue = new();
    private ActorSystem system = null!;
    private MessageEnvelope lastMessage = NullMessageEnvelope.Instance;
    private TimeSpan? end;
    private bool lastWasNoMessage;

    /// <summary>Uses an actor system that is already there, or makes one with <see cref="DefaultConfig"/>.</summary>
    protected TestKitBase(ITestKitAssertions assertions, ActorSystem? system = null, string? testActorName = null)
        : this(assertions, system, DefaultConfig, null, testActorName)
    {
    }

    /// <summary>Makes an actor system with a configuration, which falls back to <see cref="DefaultConfig"/>.</summary>
    protected TestKitBase(ITestKitAssertions assertions, Config config, string? actorSystemName = null, string? testActorName = null)
        : this(assertions, null, config, actorSystemName, testActorName)
    {
    }

    private TestKitBase(ITestKitAssertions assertions, ActorSystem? system, Config config, string? actorSystemName, string? testActorName)
    {
        this.assertions = assertions ?? throw new ArgumentNullException(nameof(assertions));
        InitializeTest(system, config, actorSystemName, testActorName);
    }

    /// <summary>Configuration of a test that says nothing else.</summary>
    public static Config DefaultConfig => TestConfigs.DefaultConfig;

    /// <summary>Configuration that logs everything that the actor system can tell.</summary>
    public static Config FullDebugConfig { get; } = ConfigurationFactory.ParseString(
        """
        akka {
          loglevel = DEBUG
          stdout-loglevel = DEBUG
          log-dead-letters = true
          log-dead-letters-during-shutdown = true
          actor.debug {
            receive = true
            autoreceive = true
            lifecycle = true
            event-stream = true
            unhandled = true
            fsm = true
            router-misconfiguration = true
          }
        }
        """);

    /// <summary>The time of day, as a duration.</summary>
    public static TimeSpan Now => TimeSpan.FromTicks(DateTime.UtcNow.Ticks);

    /// <summary>The actor system under test.</summary>
    public ActorSystem Sys => system;

    /// <summary>The settings under <c>akka.test</c>.</summary>
    public TestKitSettings TestKitSettings { get; private set; } = null!;

    /// <summary>The actor whose queue the expectations look at; the sender of what the test tells.</summary>
    public IActorRef TestActor { get; private set; } = null!;

    /// <summary>The sender of the message received last.</summary>
    public IActorRef LastSender => lastMessage.Sender;

    /// <summary>The message received last.</summary>
    public object LastMessage => lastMessage.Message;

    /// <summary>A log in the name of the test.</summary>
    public ILoggingAdapter Log { get; private set; } = null!;

    /// <summary>Filters on the log of <see cref="Sys"/>.</summary>
    public EventFilterFactory EventFilter { get; private set; } = null!;

    /// <summary>Whether a message waits in the queue.</summary>
    public bool HasMessages => queue.Count > 0;

    /// <summary>Filters on the log of another actor system, which must use <see cref="TestEventListener"/>.</summary>
    public EventFilterFactory CreateEventFilter(ActorSystem system) => new(this, system);

    /// <summary>Keeps messages out of the queue from now on.</summary>
    public void IgnoreMessages(Func<object, bool> shouldIgnoreMessage) =>
        TestActor.Tell(new TestActor.SetIgnore(message => shouldIgnoreMessage(message)), ActorRefs.NoSender);

    /// <summary>Keeps messages of a type out of the queue from now on, where the function says so.</summary>
    public void IgnoreMessages<TMsg>(Func<TMsg, bool> shouldIgnoreMessage) =>
        IgnoreMessages(message => message is TMsg typed && shouldIgnoreMessage(typed));

    /// <summary>Keeps messages of a type out of the queue from now on.</summary>
    public void IgnoreMessages<TMsg>() => IgnoreMessages<TMsg>(static _ => true);

    /// <summary>Ignores nothing any more.</summary>
    public void IgnoreNoMessages() => TestActor.Tell(new TestActor.SetIgnore(null), ActorRefs.NoSender);

    /// <summary>Makes the test actor watch an actor, for <see cref="ExpectTerminated"/>.</summary>
    /// <returns>The actor.</returns>
    public IActorRef Watch(IActorRef actorToWatch)
    {
        TestActor.Tell(new TestActor.Watch(actorToWatch), ActorRefs.NoSender);
        return actorToWatch;
    }

    /// <summary>Makes the test actor stop watching an actor.</summary>
    /// <returns>The actor.</returns>
    public IActorRef Unwatch(IActorRef actorToUnwatch)
    {
        TestActor.Tell(new TestActor.Unwatch(actorToUnwatch), ActorRefs.NoSender);
        return actorToUnwatch;
    }

    /// <summary>Lets a pilot answer for the test actor.</summary>
    public void SetAutoPilot(AutoPilot pilot) => TestActor.Tell(new TestActor.SetAutoPilot(pilot), ActorRefs.NoSender);

    /// <summary>A further test actor on the same queue.</summary>
    public IActorRef CreateTestActor(string name) =>
        ((ExtendedActorSystem)system).SystemActorOf(
            Props.CreateBy(new TestActorProducer(queue)).WithDispatcher("akka.test.test-actor.dispatcher"),
            name);

    /// <summary>A probe: a test actor with a queue of its own.</summary>
    public virtual TestProbe CreateTestProbe(string? name = null) => CreateTestProbe(system, name);

    /// <summary>A probe in another actor system.</summary>
    public virtual TestProbe CreateTestProbe(ActorSystem system, string? name = null) => new(system, assertions, name);

    /// <summary>A latch whose timeouts follow the settings of the kit.</summary>
    public virtual TestLatch CreateTestLatch(int count = 1) => new(Dilated, TestKitSettings.DefaultTimeout, count);

    /// <summary>A barrier whose timeouts follow the settings of the kit.</summary>
    public TestBarrier CreateTestBarrier(int count) => new(this, count, TestKitSettings.DefaultTimeout);

    /// <summary>Stops the actor system.</summary>
    /// <param name="duration">How long to wait; by default five seconds, dilated, at most ten.</param>
    /// <param name="verifySystemShutdown">Whether an actor system that does not stop in time is an error.</param>
    /// <exception cref="TimeoutException">Where it is and does not.</exception>
    public virtual void Shutdown(TimeSpan? duration = null, bool verifySystemShutdown = false) =>
        Shutdown(system, duration, verifySystemShutdown);

    /// <summary>Stops an actor system, see <see cref="Shutdown(TimeSpan?, bool)"/>.</summary>
    protected virtual void Shutdown(ActorSystem system, TimeSpan? duration = null, bool verifySystemShutdown = false)
    {
        var limit = duration ?? Dilated(TimeSpan.FromSeconds(5)).AtMost(TimeSpan.FromSeconds(10));
        if (system.Terminate().Wait(limit))
            return;

        var message = $"Failed to stop [{system.Name}] within [{limit}]";
        if (verifySystemShutdown)
            throw new TimeoutException(message);

        system.Log.Warning(message);
    }

    internal void Fail(string message) => assertions.Fail("{0}", message);

    /// <summary>Sets the kit up anew, with another actor system.</summary>
    protected void InitializeTest(ActorSystem? system, Config config, string? actorSystemName, string? testActorName)
    {
        this.system = system
            ?? ActorSystem.Create(actorSystemName ?? "test", config == DefaultConfig ? config : config.WithFallback(DefaultConfig));
        this.system.RegisterExtension(new TestKitExtension());
        TestKitSettings = TestKitExtension.For(this.system);
        Log = Logging.GetLogger(this.system, GetType());
        EventFilter = new EventFilterFactory(this);
        TestActor = CreateTestActor(
            string.IsNullOrEmpty(testActorName) ? $"testActor{Interlocked.Increment(ref testActors)}" : testActorName);
        if (this is not TestProbe)
            AmbientActor.Enter(this is INoImplicitSender ? null : TestActor);
    }

    private sealed class TestActorProducer(TestQueue queue) : IIndirectActorProducer
    {
        public Type ActorType => typeof(InternalTestActor);

        public ActorBase Produce() => new InternalTestActor(queue);

        public void Release(ActorBase actor)
        {
        }
    }
}
