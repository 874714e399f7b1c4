using Akka.Actor;

namespace ActorTrain.Actors.Tests;

/// <summary>Restarts whatever fails, as the supervisors of a run do; by default an actor that was killed on purpose is stopped.</summary>
public sealed class RestartAlways : SupervisorStrategyConfigurator
{
    public override SupervisorStrategy Create() => new OneForOneStrategy(static _ => Directive.Restart);
}
