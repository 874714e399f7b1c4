using Akka.Actor;
using Akka.Event;

namespace Akka.Pattern;

/// <summary>Supervises one child: when it stops, it is started again after a pause that doubles each time.</summary>
public sealed class BackoffSupervisor : BackoffSupervisorBase
{
    private readonly TimeSpan minBackoff;
    private readonly TimeSpan maxBackoff;
    private readonly double randomFactor;
    private readonly SupervisorStrategy strategy;

    /// <summary>With the default strategy, for ever.</summary>
    public BackoffSupervisor(Props childProps, string childName, TimeSpan minBackoff, TimeSpan maxBackoff, double randomFactor)
        : this(childProps, childName, minBackoff, maxBackoff, new AutoReset(minBackoff), randomFactor, Actor.SupervisorStrategy.DefaultStrategy)
    {
    }

    /// <summary>With all that can be said, see <see cref="BackoffOptions"/>.</summary>
    public BackoffSupervisor(
        Props childProps,
        string childName,
        TimeSpan minBackoff,
        TimeSpan maxBackoff,
        IBackoffReset reset,
        double randomFactor,
        SupervisorStrategy strategy,
        object replyWhileStopped = null,
        Func<object, bool> finalStopMessage = null)
        : base(childProps, childName, reset, replyWhileStopped, finalStopMessage)
    {
        this.minBackoff = minBackoff;
        this.maxBackoff = maxBackoff;
        this.randomFactor = randomFactor;
        this.strategy = strategy;
    }

    /// <summary>How to make a supervisor with back-off.</summary>
    public static Actor.Props Props(BackoffOptions options) => options.Props;

    /// <summary>How to make a supervisor that starts its child again whenever it stops, for ever.</summary>
    public static Actor.Props Props(Actor.Props childProps, string childName, TimeSpan minBackoff, TimeSpan maxBackoff, double randomFactor)
        => Props(childProps, childName, minBackoff, maxBackoff, randomFactor, -1);

    /// <summary>How to make a supervisor that starts its child again whenever it stops, a number of times.</summary>
    public static Actor.Props Props(Actor.Props childProps, string childName, TimeSpan minBackoff, TimeSpan maxBackoff, double randomFactor, int maxNrOfRetries)
        => Backoff.OnStop(childProps, childName, minBackoff, maxBackoff, randomFactor, maxNrOfRetries).Props;

    /// <summary>How to make a supervisor that starts its child again whenever it stops, with a strategy for its failures.</summary>
    public static Actor.Props PropsWithSupervisorStrategy(
        Actor.Props childProps, string childName, TimeSpan minBackoff, TimeSpan maxBackoff, double randomFactor, SupervisorStrategy strategy)
    {
        Validate(minBackoff, maxBackoff, randomFactor);
        return Actor.Props.Create(
            () => new BackoffSupervisor(childProps, childName, minBackoff, maxBackoff, new AutoReset(minBackoff), randomFactor, strategy, null, null));
    }

    internal static void Validate(TimeSpan minBackoff, TimeSpan maxBackoff, double randomFactor)
    {
        if (minBackoff <= TimeSpan.Zero)
            throw new ArgumentException("MinBackoff must be greater than 0", nameof(minBackoff));
        if (maxBackoff < minBackoff)
            throw new ArgumentException("MaxBackoff must be greater than MinBackoff", nameof(maxBackoff));
        if (randomFactor is < 0.0 or > 1.0)
            throw new ArgumentException("RandomFactor must be between 0.0 and 1.0", nameof(randomFactor));
    }

    /// <summary>The pause before a restart: the smallest one doubled with each restart before, capped, and then made longer by chance.</summary>
    internal static TimeSpan CalculateDelay(int restartCount, TimeSpan minBackoff, TimeSpan maxBackoff, double randomFactor)
    {
        // Beyond 30 doublings any pause is at its cap, and a shift would overflow.
        if (restartCount >= 30)
            return maxBackoff;
        var chance = 1.0 + (Random.Shared.NextDouble() * randomFactor);
        var ticks = Math.Min(maxBackoff.Ticks, minBackoff.Ticks * Math.Pow(2, restartCount)) * chance;
        return ticks >= TimeSpan.MaxValue.Ticks ? maxBackoff : TimeSpan.FromTicks((long)ticks);
    }

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => strategy;

    /// <inheritdoc/>
    protected override bool Receive(object message)
        => message is Terminated terminated && terminated.ActorRef.Equals(Child) ? OnTerminated() : HandleBackoff(message);

    private bool OnTerminated()
    {
        var limit = strategy is OneForOneStrategy oneForOne ? oneForOne.MaxNumberOfRetries : -1;
        var next = RestartCountN + 1;
        if (FinalStopMessageReceived)
        {
            Context.Stop(Self);
        }
        else if (limit >= 0 && next > limit)
        {
            Log.Debug("Terminating on restart #{0} which exceeds max allowed restarts ({1})", next, limit);
            Context.Stop(Self);
        }
        else
        {
            Child = null;
            var delay = CalculateDelay(RestartCountN, minBackoff, maxBackoff, randomFactor);
            Context.System.Scheduler.ScheduleTellOnce(delay, Self, StartChild.Instance, Self);
            RestartCountN = next;
        }

        return true;
    }

    /// <summary>Asks who the child is; answered with <see cref="CurrentChild"/>.</summary>
    public sealed class GetCurrentChild
    {
        /// <summary>The only instance.</summary>
        public static readonly GetCurrentChild Instance = new();

        private GetCurrentChild()
        {
        }
    }

    /// <summary>Says who the child is.</summary>
    public sealed class CurrentChild
    {
        /// <summary>With the child, or null while there is none.</summary>
        public CurrentChild(IActorRef @ref) => Ref = @ref;

        /// <summary>The child, or null while there is none.</summary>
        public IActorRef Ref { get; }
    }

    /// <summary>Sent by a child that is well, where the count of restarts is reset by hand.</summary>
    public new sealed class Reset
    {
        /// <summary>The only instance.</summary>
        public static readonly Reset Instance = new();

        private Reset()
        {
        }
    }

    /// <summary>Asks how often the child was started again; answered with <see cref="RestartCount"/>.</summary>
    public sealed class GetRestartCount
    {
        /// <summary>The only instance.</summary>
        public static readonly GetRestartCount Instance = new();

        private GetRestartCount()
        {
        }
    }

    /// <summary>Says how often the child was started again.</summary>
    public sealed class RestartCount
    {
        /// <summary>With the count.</summary>
        public RestartCount(int count) => Count = count;

        /// <summary>The count.</summary>
        public int Count { get; }
    }

    /// <summary>Sent by the supervisor to itself when a pause is over.</summary>
    public sealed class StartChild : IDeadLetterSuppression
    {
        /// <summary>The only instance.</summary>
        public static readonly StartChild Instance = new();

        private StartChild()
        {
        }
    }

    /// <summary>Sent by the supervisor to itself when its child may have run for long enough.</summary>
    public sealed class ResetRestartCount : IDeadLetterSuppression
    {
        /// <summary>With the count at which it was sent.</summary>
        public ResetRestartCount(int current) => Current = current;

        /// <summary>The count at which it was sent.</summary>
        public int Current { get; }
    }
}
