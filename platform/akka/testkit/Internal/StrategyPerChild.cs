using Akka.Actor;
using Akka.Actor.Internal;

namespace Akka.TestKit.Internal;

/// <summary>Supervises each child by the strategy that it was spawned with, and stops those without one when they fail.</summary>
internal sealed class StrategyPerChild : SupervisorStrategy
{
    private readonly IReadOnlyDictionary<IActorRef, SupervisorStrategy> strategies;

    internal StrategyPerChild(IReadOnlyDictionary<IActorRef, SupervisorStrategy> strategies)
    {
        this.strategies = strategies;
        LoggingEnabled = true;
    }

    /// <inheritdoc/>
    public override IDecider Decider => StoppingStrategy.Decider;

    /// <inheritdoc/>
    public override void HandleChildTerminated(IActorContext actorContext, IActorRef child, IEnumerable<IInternalActorRef> children) =>
        Of(child).HandleChildTerminated(actorContext, child, children);

    /// <inheritdoc/>
    public override void ProcessFailure(
        IActorContext context, bool restart, IActorRef child, Exception cause, ChildRestartStats stats,
        IReadOnlyCollection<ChildRestartStats> children) => Of(child).ProcessFailure(context, restart, child, cause, stats, children);

    /// <inheritdoc/>
    protected override Directive Handle(IActorRef child, Exception exception) => Of(child).Decider.Decide(exception);

    private SupervisorStrategy Of(IActorRef child) => strategies.TryGetValue(child, out var strategy) ? strategy : StoppingStrategy;
}
