using ActorTrain.Actors.Hosting;
using Akka.Hosting;

namespace ActorTrain.Chaos;

public static class FaultInjection
{
    /// <summary>Injects faults into gradients and into the devices of trainers and workers.</summary>
    public static TrainingRun WithFaults(this TrainingRun run, IFaultInjector injector)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run with
        {
            MakeDevice = (options, trainer) => new FaultyDevice(options, $"{trainer}", injector),
            Rollouts = run.Rollouts is not { } rollouts ? null : rollouts with
            {
                Wrap = (device, worker) => new FaultyWorkerDevice(rollouts.Wrap(device, worker), $"{worker}", injector),
            },
        };
    }

    /// <summary>Injects faults into an actor system's messages.</summary>
    public static AkkaConfigurationBuilder WithFaults(this AkkaConfigurationBuilder akka, IFaultInjector injector) => akka
        .AddHocon(FaultyMailbox.Configuration, HoconAddMode.Prepend)
        .WithActors((system, _) => MessageFaults.Of(system).Injector = injector);
}
