using ActorTrain.Actors.Metrics;
using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Stands for the actor around <see cref="MetricsLogic"/>.</summary>
internal sealed class SimulatedPublisher
{
    private readonly SimulatedWorld world;
    private readonly Action<IRunInput> report;
    private MetricsLogic logic;

    public SimulatedPublisher(SimulatedWorld world, Action<IRunInput> report)
    {
        (this.world, this.report) = (world, report);
        logic = Begin();
    }

    public void Handle(MetricsCommand command)
    {
        var crashes = world.Fate.Chance(world.Fate.Weather.OthersCrash);
        if ((!crashes || world.Fate.Random.Next(2) == 0) && logic.Handle(command) is { } answer)
            report(answer);
        if (crashes)
            logic = Begin();
    }

    private MetricsLogic Begin()
    {
        var life = ++world.PublisherLives;
        report(new PublisherStarted(life));
        return new MetricsLogic(life, world.Metrics);
    }
}
