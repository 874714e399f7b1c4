using Akka.Actor.Internal;
using Akka.Event;

namespace Akka.Actor;

/// <summary>What is to become of a child that failed.</summary>
public enum Directive
{
    /// <summary>Goes on with the next message, its state as it is.</summary>
    Resume,

    /// <summary>Goes on with the next message in a new instance.</summary>
    Restart,

    /// <summary>Fails the parent with the same exception.</summary>
    Escalate,

    /// <summary>Ends.</summary>
    Stop,
}

/// <summary>Judges failures.</summary>
public interface IDecider
{
    /// <summary>What is to become of the child that threw.</summary>
    Directive Decide(Exception cause);
}

/// <summary>Judges failures by a function.</summary>
public class LocalOnlyDecider : IDecider
{
    private readonly Func<Exception, Directive> decider;

    /// <summary>By a function.</summary>
    public LocalOnlyDecider(Func<Exception, Directive> decider) => this.decider = decider;

    /// <inheritdoc />
    public Directive Decide(Exception cause) => decider(cause);
}

/// <summary>Judges failures by the type of what was thrown; a type's own entry comes before those of its bases.</summary>
public class DeployableDecider : IDecider
{
    /// <summary>With what becomes of a type that is not named.</summary>
    public DeployableDecider(Directive defaultDirective, IEnumerable<KeyValuePair<Type, Directive>> pairs) : this(defaultDirective, pairs.ToArray())
    {
    }

    /// <summary>With what becomes of a type that is not named.</summary>
    public DeployableDecider(Directive defaultDirective, params KeyValuePair<Type, Directive>[] pairs)
    {
        DefaultDirective = defaultDirective;
        Pairs = pairs;
    }

    /// <summary>What becomes of a type that is not named.</summary>
    public Directive DefaultDirective { get; }

    /// <summary>What becomes of the types that are named.</summary>
    public KeyValuePair<Type, Directive>[] Pairs { get; }

    /// <inheritdoc />
    public Directive Decide(Exception cause)
    {
        foreach (var (type, directive) in Pairs)
        {
            if (type == cause.GetType())
                return directive;
        }
        foreach (var (type, directive) in Pairs)
        {
            if (type.IsInstanceOfType(cause))
                return directive;
        }
        return DefaultDirective;
    }
}

/// <summary>Makes deciders.</summary>
public static class Decider
{
    /// <summary>By a function.</summary>
    public static LocalOnlyDecider From(Func<Exception, Directive> localOnlyDecider) => new(localOnlyDecider);

    /// <summary>By types.</summary>
    public static DeployableDecider From(Directive defaultDirective, params KeyValuePair<Type, Directive>[] pairs) => new(defaultDirective, pairs);

    /// <summary>By types.</summary>
    public static DeployableDecider From(Directive defaultDirective, IEnumerable<KeyValuePair<Type, Directive>> pairs) => new(defaultDirective, pairs);

    /// <summary>An entry of a decider by types.</summary>
    public static KeyValuePair<Type, Directive> When<TException>(this Directive self) where TException : Exception => new(typeof(TException), self);
}

/// <summary>What a parent does about a child that failed.</summary>
public abstract class SupervisorStrategy
{
    /// <summary>The default judgement: stop what could not start or was killed or broke a death pact, restart anything else.</summary>
    public static readonly IDecider DefaultDecider = Akka.Actor.Decider.From(Directive.Restart,
        Directive.Stop.When<ActorInitializationException>(), Directive.Stop.When<ActorKilledException>(), Directive.Stop.When<DeathPactException>());

    /// <summary>One for one by the default judgement, without limit.</summary>
    public static readonly SupervisorStrategy DefaultStrategy = new OneForOneStrategy(DefaultDecider);

    /// <summary>Stops every child that fails.</summary>
    public static readonly OneForOneStrategy StoppingStrategy = new OneForOneStrategy(static _ => Directive.Stop);

    /// <summary>How failures are judged.</summary>
    public abstract IDecider Decider { get; }

    /// <summary>Whether failures are logged.</summary>
    protected bool LoggingEnabled { get; set; }

    /// <summary>Handles a failure; false where it is to be the parent's own.</summary>
    public bool HandleFailure(ActorCell actorCell, IActorRef child, Exception cause, ChildRestartStats stats, IReadOnlyCollection<ChildRestartStats> children)
    {
        var directive = Handle(child, cause);
        if (LoggingEnabled)
            LogFailure(actorCell, child, cause, directive);
        switch (directive)
        {
            case Directive.Resume:
                ResumeChild(child, cause);
                return true;
            case Directive.Restart:
                ProcessFailure(actorCell, true, child, cause, stats, children);
                return true;
            case Directive.Stop:
                ProcessFailure(actorCell, false, child, cause, stats, children);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Is called after a child has ended.</summary>
    public abstract void HandleChildTerminated(IActorContext actorContext, IActorRef child, IEnumerable<IInternalActorRef> children);

    /// <summary>Restarts or stops the child that failed, and others with it if the strategy says so.</summary>
    public abstract void ProcessFailure(IActorContext context, bool restart, IActorRef child, Exception cause, ChildRestartStats stats,
        IReadOnlyCollection<ChildRestartStats> children);

    /// <summary>What is to become of the child that threw.</summary>
    protected abstract Directive Handle(IActorRef child, Exception exception);

    /// <summary>Restarts a child; one that did not fail itself is suspended first.</summary>
    protected void RestartChild(IActorRef child, Exception cause, bool suspendFirst)
    {
        var actor = (IInternalActorRef)child;
        if (suspendFirst)
            actor.Suspend();
        actor.Restart(cause);
    }

    /// <summary>Lets a child that failed go on.</summary>
    protected void ResumeChild(IActorRef child, Exception exception) => ((IInternalActorRef)child).Resume(exception);

    /// <summary>Tells the event stream of a failure: a warning where the child goes on, an error otherwise, nothing where it is passed up.</summary>
    protected virtual void LogFailure(IActorContext context, IActorRef child, Exception cause, Directive directive)
    {
        var thrown = cause is ActorInitializationException { InnerException: { } inner } ? inner : cause;
        var path = child.Path.ToString();
        switch (directive)
        {
            case Directive.Resume:
                context.System.EventStream.Publish(new Warning(thrown, path, GetType(), thrown.Message));
                break;
            case Directive.Restart or Directive.Stop:
                context.System.EventStream.Publish(new Error(thrown, path, GetType(), thrown.Message));
                break;
        }
    }
}

/// <summary>Restarts or stops only the child that failed.</summary>
public class OneForOneStrategy : SupervisorStrategy
{
    /// <summary>With at most so many restarts within a time; null or -1 for no limit.</summary>
    public OneForOneStrategy(int? maxNrOfRetries, TimeSpan? withinTimeRange, Func<Exception, Directive> localOnlyDecider)
        : this(maxNrOfRetries ?? -1, Window.Milliseconds(withinTimeRange), localOnlyDecider)
    {
    }

    /// <summary>With at most so many restarts within a time; null or -1 for no limit.</summary>
    public OneForOneStrategy(int? maxNrOfRetries, TimeSpan? withinTimeRange, IDecider decider)
        : this(maxNrOfRetries ?? -1, Window.Milliseconds(withinTimeRange), decider)
    {
    }

    /// <summary>With at most so many restarts within a time; -1 for no limit.</summary>
    public OneForOneStrategy(int maxNrOfRetries, int withinTimeMilliseconds, Func<Exception, Directive> localOnlyDecider, bool loggingEnabled = true)
        : this(maxNrOfRetries, withinTimeMilliseconds, new LocalOnlyDecider(localOnlyDecider), loggingEnabled)
    {
    }

    /// <summary>With at most so many restarts within a time; -1 for no limit.</summary>
    public OneForOneStrategy(int maxNrOfRetries, int withinTimeMilliseconds, IDecider decider, bool loggingEnabled = true)
    {
        MaxNumberOfRetries = maxNrOfRetries;
        WithinTimeRangeMilliseconds = withinTimeMilliseconds;
        Decider = decider;
        LoggingEnabled = loggingEnabled;
    }

    /// <summary>Without limit.</summary>
    public OneForOneStrategy(Func<Exception, Directive> localOnlyDecider) : this(-1, -1, localOnlyDecider)
    {
    }

    /// <summary>Without limit.</summary>
    public OneForOneStrategy(Func<Exception, Directive> localOnlyDecider, bool loggingEnabled = true) : this(-1, -1, localOnlyDecider, loggingEnabled)
    {
    }

    /// <summary>Without limit.</summary>
    public OneForOneStrategy(IDecider decider) : this(-1, -1, decider)
    {
    }

    /// <summary>The time within which restarts are counted, in milliseconds; -1 for ever.</summary>
    public int WithinTimeRangeMilliseconds { get; }

    /// <summary>How many restarts are allowed; -1 for any number.</summary>
    public int MaxNumberOfRetries { get; }

    /// <inheritdoc />
    public override IDecider Decider { get; }

    /// <summary>The same with another number of restarts.</summary>
    public OneForOneStrategy WithMaxNrOfRetries(int maxNrOfRetries) => new(maxNrOfRetries, WithinTimeRangeMilliseconds, Decider, LoggingEnabled);

    /// <inheritdoc />
    public override void ProcessFailure(IActorContext context, bool restart, IActorRef child, Exception cause, ChildRestartStats stats,
        IReadOnlyCollection<ChildRestartStats> children)
    {
        if (restart && stats.RequestRestartPermission(MaxNumberOfRetries, WithinTimeRangeMilliseconds))
            RestartChild(child, cause, suspendFirst: false);
        else
            context.Stop(child);
    }

    /// <inheritdoc />
    public override void HandleChildTerminated(IActorContext actorContext, IActorRef child, IEnumerable<IInternalActorRef> children)
    {
    }

    /// <inheritdoc />
    protected override Directive Handle(IActorRef child, Exception exception) => Decider.Decide(exception);
}

/// <summary>Restarts or stops all children when one fails.</summary>
public class AllForOneStrategy : SupervisorStrategy
{
    /// <summary>With at most so many restarts within a time; null or -1 for no limit.</summary>
    public AllForOneStrategy(int? maxNrOfRetries, TimeSpan? withinTimeRange, Func<Exception, Directive> localOnlyDecider)
        : this(maxNrOfRetries ?? -1, Window.Milliseconds(withinTimeRange), localOnlyDecider)
    {
    }

    /// <summary>With at most so many restarts within a time; null or -1 for no limit.</summary>
    public AllForOneStrategy(int? maxNrOfRetries, TimeSpan? withinTimeRange, IDecider decider)
        : this(maxNrOfRetries ?? -1, Window.Milliseconds(withinTimeRange), decider)
    {
    }

    /// <summary>With at most so many restarts within a time; -1 for no limit.</summary>
    public AllForOneStrategy(int maxNrOfRetries, int withinTimeMilliseconds, Func<Exception, Directive> localOnlyDecider, bool loggingEnabled = true)
        : this(maxNrOfRetries, withinTimeMilliseconds, new LocalOnlyDecider(localOnlyDecider), loggingEnabled)
    {
    }

    /// <summary>With at most so many restarts within a time; -1 for no limit.</summary>
    public AllForOneStrategy(int maxNrOfRetries, int withinTimeMilliseconds, IDecider decider, bool loggingEnabled = true)
    {
        MaxNumberOfRetries = maxNrOfRetries;
        WithinTimeRangeMilliseconds = withinTimeMilliseconds;
        Decider = decider;
        LoggingEnabled = loggingEnabled;
    }

    /// <summary>Without limit.</summary>
    public AllForOneStrategy(Func<Exception, Directive> localOnlyDecider) : this(-1, -1, localOnlyDecider)
    {
    }

    /// <summary>Without limit.</summary>
    public AllForOneStrategy(IDecider decider) : this(-1, -1, decider)
    {
    }

    /// <summary>The time within which restarts are counted, in milliseconds; -1 for ever.</summary>
    public int WithinTimeRangeMilliseconds { get; }

    /// <summary>How many restarts are allowed; -1 for any number.</summary>
    public int MaxNumberOfRetries { get; }

    /// <inheritdoc />
    public override IDecider Decider { get; }

    /// <summary>The same with another number of restarts.</summary>
    public AllForOneStrategy WithMaxNrOfRetries(int maxNrOfRetries) => new(maxNrOfRetries, WithinTimeRangeMilliseconds, Decider, LoggingEnabled);

    /// <inheritdoc />
    public override void ProcessFailure(IActorContext context, bool restart, IActorRef child, Exception cause, ChildRestartStats stats,
        IReadOnlyCollection<ChildRestartStats> children)
    {
        if (children.Count == 0)
            return;
        if (restart && children.All(one => one.RequestRestartPermission(MaxNumberOfRetries, WithinTimeRangeMilliseconds)))
        {
            foreach (var one in children)
                RestartChild(one.Child, cause, suspendFirst: !child.Equals(one.Child));
        }
        else
        {
            foreach (var one in children)
                context.Stop(one.Child);
        }
    }

    /// <inheritdoc />
    public override void HandleChildTerminated(IActorContext actorContext, IActorRef child, IEnumerable<IInternalActorRef> children)
    {
    }

    /// <inheritdoc />
    protected override Directive Handle(IActorRef child, Exception exception) => Decider.Decide(exception);
}

/// <summary>Makes the strategy of the guardian of `/user`.</summary>
public abstract class SupervisorStrategyConfigurator
{
    /// <summary>The strategy.</summary>
    public abstract SupervisorStrategy Create();

    /// <summary>The configurator of a type's name.</summary>
    public static SupervisorStrategyConfigurator CreateConfigurator(string typeName)
        => (SupervisorStrategyConfigurator)Activator.CreateInstance(Util.TypeResolver.Require(typeName, "akka.actor.guardian-supervisor-strategy"));
}

/// <summary>One for one by the default judgement.</summary>
public sealed class DefaultSupervisorStrategy : SupervisorStrategyConfigurator
{
    /// <inheritdoc />
    public override SupervisorStrategy Create() => SupervisorStrategy.DefaultStrategy;
}

/// <summary>Stops what fails.</summary>
public sealed class StoppingSupervisorStrategy : SupervisorStrategyConfigurator
{
    /// <inheritdoc />
    public override SupervisorStrategy Create() => SupervisorStrategy.StoppingStrategy;
}

internal static class Window
{
    public static int Milliseconds(TimeSpan? range) => range is { } time && time != Timeout.InfiniteTimeSpan ? (int)time.TotalMilliseconds : -1;
}
