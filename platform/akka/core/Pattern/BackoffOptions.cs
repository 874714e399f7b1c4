using Akka.Actor;

namespace Akka.Pattern;

/// <summary>Starts the options of a <see cref="BackoffSupervisor"/>.</summary>
public static class Backoff
{
    /// <summary>For a child that fails by throwing: instead of being restarted it is stopped, and started again after a while. A child that
    /// stops by itself has done its work, and the supervisor stops with it.</summary>
    /// <param name="childProps">How to make the child.</param>
    /// <param name="childName">The name of the child.</param>
    /// <param name="minBackoff">How long the first pause is; each further one doubles.</param>
    /// <param name="maxBackoff">How long a pause is at most, before chance is added.</param>
    /// <param name="randomFactor">The share of chance that is added to a pause, between 0 and 1.</param>
    /// <param name="maxNrOfRetries">How often the child is started again before the supervisor stops; -1 for ever.</param>
    public static BackoffOptions OnFailure(Props childProps, string childName, TimeSpan minBackoff, TimeSpan maxBackoff, double randomFactor, int maxNrOfRetries)
        => Options(childProps, childName, minBackoff, maxBackoff, randomFactor, maxNrOfRetries, onFailure: true);

    /// <summary>For a child that fails by stopping: it is started again after a while. One that throws is restarted at once, as the strategy
    /// says.</summary>
    /// <inheritdoc cref="OnFailure"/>
    public static BackoffOptions OnStop(Props childProps, string childName, TimeSpan minBackoff, TimeSpan maxBackoff, double randomFactor, int maxNrOfRetries)
        => Options(childProps, childName, minBackoff, maxBackoff, randomFactor, maxNrOfRetries, onFailure: false);

    private static BackoffOptions Options(Props childProps, string childName, TimeSpan minBackoff, TimeSpan maxBackoff, double randomFactor, int maxNrOfRetries, bool onFailure)
        => new BackoffOptionsImpl
        {
            ChildProps = childProps,
            ChildName = childName,
            MinBackoff = minBackoff,
            MaxBackoff = maxBackoff,
            RandomFactor = randomFactor,
            OnFailure = onFailure,
            BackoffReset = new AutoReset(minBackoff),
        }.WithMaxNrOfRetries(maxNrOfRetries);
}

/// <summary>The options of a <see cref="BackoffSupervisor"/>.</summary>
public abstract class BackoffOptions
{
    /// <summary>The count of restarts begins anew when the child has run for that long. This is the default, with the minimal pause.</summary>
    public abstract BackoffOptions WithAutoReset(TimeSpan resetBackoff);

    /// <summary>The count of restarts begins anew when the child sends <see cref="BackoffSupervisor.Reset"/> to its parent.</summary>
    public abstract BackoffOptions WithManualReset();

    /// <summary>What to do with failures of the child.</summary>
    public abstract BackoffOptions WithSupervisorStrategy(OneForOneStrategy supervisorStrategy);

    /// <summary>Stops the child whatever its failure.</summary>
    public abstract BackoffOptions WithDefaultStoppingStrategy();

    /// <summary>Answers messages that come while there is no child; without it they become dead letters.</summary>
    public abstract BackoffOptions WithReplyWhileStopped(object replyWhileStopped);

    /// <summary>How often the child is started again before the supervisor stops; -1 for ever.</summary>
    public abstract BackoffOptions WithMaxNrOfRetries(int maxNrOfRetries);

    /// <summary>After a message for which this is true, a child that stops is not started again, and the supervisor stops too.</summary>
    public abstract BackoffOptions WithFinalStopMessage(Func<object, bool> isFinalStopMessage);

    /// <summary>How to make the supervisor.</summary>
    internal abstract Props Props { get; }
}

/// <summary>When the count of restarts begins anew.</summary>
public interface IBackoffReset
{
}

internal sealed record ManualReset : IBackoffReset;

internal sealed record AutoReset(TimeSpan ResetBackoff) : IBackoffReset;

internal sealed class BackoffOptionsImpl : BackoffOptions
{
    public required Props ChildProps { get; init; }

    public required string ChildName { get; init; }

    public required TimeSpan MinBackoff { get; init; }

    public required TimeSpan MaxBackoff { get; init; }

    public required double RandomFactor { get; init; }

    public required bool OnFailure { get; init; }

    public required IBackoffReset BackoffReset { get; set; }

    public OneForOneStrategy Strategy { get; set; } = new(SupervisorStrategy.DefaultDecider);

    public object ReplyWhileStopped { get; set; }

    public Func<object, bool> FinalStopMessage { get; set; }

    internal override Props Props
    {
        get
        {
            BackoffSupervisor.Validate(MinBackoff, MaxBackoff, RandomFactor);
            var (childProps, childName, min, max, random) = (ChildProps, ChildName, MinBackoff, MaxBackoff, RandomFactor);
            var (reset, strategy, reply, final) = (BackoffReset, Strategy, ReplyWhileStopped, FinalStopMessage);
            return OnFailure
                ? Props.Create(() => new BackoffOnRestartSupervisor(childProps, childName, min, max, reset, random, strategy, reply, final))
                : Props.Create(() => new BackoffSupervisor(childProps, childName, min, max, reset, random, strategy, reply, final));
        }
    }

    public override BackoffOptions WithAutoReset(TimeSpan resetBackoff) => With(options => options.BackoffReset = new AutoReset(resetBackoff));

    public override BackoffOptions WithManualReset() => With(options => options.BackoffReset = new ManualReset());

    public override BackoffOptions WithSupervisorStrategy(OneForOneStrategy supervisorStrategy) => With(options => options.Strategy = supervisorStrategy);

    public override BackoffOptions WithDefaultStoppingStrategy()
        => With(options => options.Strategy = new OneForOneStrategy(Strategy.MaxNumberOfRetries, null, SupervisorStrategy.StoppingStrategy.Decider));

    public override BackoffOptions WithReplyWhileStopped(object replyWhileStopped) => With(options => options.ReplyWhileStopped = replyWhileStopped);

    public override BackoffOptions WithMaxNrOfRetries(int maxNrOfRetries)
        => With(options => options.Strategy = new OneForOneStrategy(maxNrOfRetries, Strategy.WithinTimeRangeMilliseconds, Strategy.Decider));

    public override BackoffOptions WithFinalStopMessage(Func<object, bool> isFinalStopMessage) => With(options => options.FinalStopMessage = isFinalStopMessage);

    private BackoffOptionsImpl With(Action<BackoffOptionsImpl> change)
    {
        var options = (BackoffOptionsImpl)MemberwiseClone();
        change(options);
        return options;
    }
}
