using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Configuration;

namespace ActorTrain.Platform.Tests.Core;

/// <summary>A silent actor system per test.</summary>
public abstract class CoreTest : IAsyncLifetime
{
    /// <summary>How long something may take that must come; never how long something takes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    protected const string Silent = """
        akka.loglevel = OFF
        akka.stdout-loglevel = OFF
        akka.log-dead-letters = off
        """;

    protected CoreTest(string settings = "")
        => Sys = ActorSystem.Create("core", ConfigurationFactory.ParseString(settings).WithFallback(ConfigurationFactory.ParseString(Silent)));

    protected ActorSystem Sys { get; }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => Sys.Terminate().WaitAsync(Patience);

    protected Listener Listen() => new(Sys);

    /// <summary>An actor that does what a function says with each message.</summary>
    protected IActorRef Act(Action<object, IActorContext> receive, string? name = null) => Sys.ActorOf(Acting.Props(receive), name);
}

/// <summary>An actor that does what a function says with each message.</summary>
public sealed class Acting : UntypedActor
{
    private readonly Action<object, IActorContext> receive;

    public Acting(Action<object, IActorContext> receive) => this.receive = receive;

    public static Props Props(Action<object, IActorContext> receive) => Akka.Actor.Props.Create(() => new Acting(receive));

    protected override void OnReceive(object message) => receive(message, Context);
}

/// <summary>An actor whose messages a test reads one by one.</summary>
public sealed class Listener
{
    private readonly BlockingCollection<(object Message, IActorRef Sender)> messages = [];

    public Listener(ActorSystem system)
    {
        var into = messages;
        Ref = system.ActorOf(Acting.Props((message, context) =>
        {
            if (message is WatchThis watch)
            {
                context.Watch(watch.Actor);
                context.Sender.Tell(watch);
            }
            else
            {
                into.Add((message, context.Sender));
            }
        }));
    }

    public IActorRef Ref { get; }

    public IActorRef LastSender { get; private set; } = ActorRefs.Nobody;

    public int Waiting => messages.Count;

    /// <summary>Watches an actor; from the return on its end comes as a message.</summary>
    public void Watch(IActorRef actor) => Ref.Ask<WatchThis>(new WatchThis(actor), CoreTest.Patience).GetAwaiter().GetResult();

    public object Next()
    {
        messages.TryTake(out var next, CoreTest.Patience).ShouldBeTrue("a message did not come");
        LastSender = next.Sender;
        return next.Message;
    }

    public T Next<T>() => Next().ShouldBeOfType<T>();

    public IActorRef NextTerminated() => Next<Terminated>().ActorRef;

    private sealed record WatchThis(IActorRef Actor);
}

/// <summary>Runs a property for many seeds and names the seed at which it does not hold.</summary>
public static class Seeds
{
    /// <summary>Tries as many seeds as the environment variable ACTORTRAIN_SEEDS says, or only the one in ACTORTRAIN_SEED, if they are there.</summary>
    public static async Task ForEach(int count, Func<Random, Task> property)
    {
        var only = Number("ACTORTRAIN_SEED");
        foreach (var seed in only is { } one ? [one] : Enumerable.Range(1, Number("ACTORTRAIN_SEEDS") ?? count))
        {
            try
            {
                await property(new Random(seed)).WaitAsync(CoreTest.Patience);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"It does not hold for seed {seed}; again with ACTORTRAIN_SEED={seed}: {e.Message}", e);
            }
        }
    }

    private static int? Number(string variable)
        => Environment.GetEnvironmentVariable(variable) is { } text ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : null;
}
