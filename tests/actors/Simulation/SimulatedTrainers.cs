using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Stands for the actor around <see cref="TrainerSupervisorLogic"/>, and holds the lives of trainers.</summary>
internal sealed class SimulatedTrainers(SimulatedWorld world, SimulatedNetwork network, Action<IRunInput> report)
{
    // However often they fail, none is given up: that would end the run.
    private static readonly TrainerSupervisorOptions Options = new()
    {
        MinBackoff = TimeSpan.FromMilliseconds(500),
        MaxBackoff = TimeSpan.FromMilliseconds(500),
        MaxLosses = 10_000,
        Window = TimeSpan.FromSeconds(6000),
    };

    private readonly Dictionary<TrainerKey, SimulatedTrainer> lives = [];
    private TrainerSupervisorLogic logic = new(Options);
    private DateTimeOffset? wakesAt;

    /// <summary>The present life of a trainer.</summary>
    public SimulatedTrainer this[int number] => lives.Values.Single(trainer => trainer.Key.Number == number);

    public void Tell(TrainerKey key, TrainerCommand command)
    {
        if (lives.TryGetValue(key, out var trainer))
            trainer.Tell(command);
    }

    public void Handle(TrainerSupervisorCommand command)
    {
        if (world.Fate.Chance(world.Fate.Weather.OthersCrash))
            Replace();
        else
            Do(logic.Handle(command, world.Time.Now));
    }

    /// <summary>A trainer ended.</summary>
    public void End(TrainerKey key, string reason, FoundDamage? damage)
    {
        if (!lives.Remove(key, out var trainer))
            return;
        trainer.IsAbandoned = true;
        Do(logic.Ended(key, new TrainerFailure(reason, damage), world.Time.Now));
    }

    // All end with the supervisor, those that hang too.
    private void Replace()
    {
        foreach (var trainer in lives.Values)
            trainer.IsAbandoned = true;
        lives.Clear();
        (logic, wakesAt) = (new TrainerSupervisorLogic(Options), null);
        report(new TrainerSupervisorStarted());
    }

    private void Do(IReadOnlyList<TrainerSupervisorEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case SpawnTrainer spawn:
                    lives.Add(spawn.Trainer, new SimulatedTrainer(spawn.Trainer, world, network, report, End));
                    break;
                case StopTrainer stop when lives.Remove(stop.Trainer, out var stopped):
                    stopped.IsAbandoned = true;
                    break;
                case TellRun tell:
                    report(tell.Report);
                    break;
            }
        }

        if (logic.NextTick is not { } next || next == wakesAt)
            return;
        wakesAt = next;
        network.After(next - world.Time.Now, () => Do(logic.Tick(world.Time.Now)));
    }
}
