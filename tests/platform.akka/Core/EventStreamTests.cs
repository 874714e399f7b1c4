using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace ActorTrain.Platform.Tests.Core;

public sealed class EventStreamTests : CoreTest
{
    [Fact]
    public void A_subscription_to_a_base_or_an_interface_takes_what_is_below_it()
    {
        var byBase = Listen();
        var byInterface = Listen();
        Sys.EventStream.Subscribe(byBase.Ref, typeof(Animal)).ShouldBeTrue();
        Sys.EventStream.Subscribe(byBase.Ref, typeof(Animal)).ShouldBeFalse();
        Sys.EventStream.Subscribe(byBase.Ref, typeof(Cat));
        Sys.EventStream.Subscribe(byInterface.Ref, typeof(IPurr)).ShouldBeTrue();
        Sys.EventStream.Publish(new Dog());
        Sys.EventStream.Publish(new Cat());
        byBase.Next().ShouldBeOfType<Dog>();
        byBase.Next().ShouldBeOfType<Cat>();
        byBase.Waiting.ShouldBe(0);
        byInterface.Next().ShouldBeOfType<Cat>();
    }

    [Fact]
    public void After_Unsubscribe_nothing_comes()
    {
        var listener = Listen();
        Sys.EventStream.Subscribe(listener.Ref, typeof(Dog));
        Sys.EventStream.Subscribe(listener.Ref, typeof(Cat));
        Sys.EventStream.Unsubscribe(listener.Ref, typeof(Dog)).ShouldBeTrue();
        Sys.EventStream.Publish(new Dog());
        Sys.EventStream.Publish(new Cat());
        listener.Next().ShouldBeOfType<Cat>();
        Sys.EventStream.Unsubscribe(listener.Ref).ShouldBeTrue();
        Sys.EventStream.Unsubscribe(listener.Ref).ShouldBeFalse();
    }

    [Fact]
    public async Task Loggers_get_what_is_at_their_level_or_above_with_its_arguments_put_in()
    {
        var system = ActorSystem.Create("logs", ConfigurationFactory.ParseString("""
            akka.loggers = ["ActorTrain.Platform.Tests.Core.KeepingLogger, ActorTrain.Platform.Akka.Tests"]
            akka.loglevel = INFO
            akka.stdout-loglevel = OFF
            """));
        var actor = system.ActorOf(Acting.Props((message, context) =>
        {
            var log = context.GetLogger();
            log.IsDebugEnabled.ShouldBeFalse();
            log.Debug("too fine {0}", message);
            log.Info("{0} and {1}", message, 2);
            log.Error(new InvalidOperationException("cause"), "with a cause");
            context.Sender.Tell("logged");
        }), "speaker");
        await actor.Ask<string>("one", Patience);
        var info = KeepingLogger.Events.Take();
        info.ShouldBeOfType<Info>();
        info.Message.ToString().ShouldBe("one and 2");
        info.LogSource.ShouldContain("/user/speaker");
        var error = KeepingLogger.Events.Take();
        error.ShouldBeOfType<Error>();
        error.Cause.Message.ShouldBe("cause");
        await system.Terminate().WaitAsync(Patience);
    }

    private class Animal;

    private sealed class Dog : Animal;

    private interface IPurr;

    private sealed class Cat : Animal, IPurr;
}

/// <summary>Keeps what is logged by actors.</summary>
public sealed class KeepingLogger : ReceiveActor
{
    public KeepingLogger()
    {
        Receive<InitializeLogger>(_ => Sender.Tell(new LoggerInitialized()));
        Receive<LogEvent>(e =>
        {
            if (e.LogSource.Contains("/user/", StringComparison.Ordinal))
                Events.Add(e);
        });
    }

    public static System.Collections.Concurrent.BlockingCollection<LogEvent> Events { get; } = [];
}
