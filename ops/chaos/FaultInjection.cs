using ActorTrain.Actors.Hosting;
using Akka.Hosting;

namespace ActorTrain.Chaos;

/// <summary>Puts faults around a run, from outside of it.</summary>
public static class FaultInjection
{
    /// <summary>A run whose trainers' devices and gradients an injector may break.</summary>
    public static TrainingRun WithFaults(this TrainingRun run, IFaultInjector injector)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run with { MakeDevice = (options, trainer) => new FaultyDevice(options, $"{trainer}", injector) };
    }

    /// <summary>An actor system whose messages an injector may break.</summary>
    public static AkkaConfigurationBuilder WithFaults(this AkkaConfigurationBuilder akka, IFaultInjector injector) => akka
        .AddHocon(FaultyMailbox.Configuration, HoconAddMode.Prepend)
        .WithActors((system, _) => MessageFaults.Of(system).Injector = injector);
}
