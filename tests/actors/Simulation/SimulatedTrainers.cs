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
    private readonly SortedSet<int> seeking = [];
    private readonly bool seeksPlaces = world.Fate.Weather.Places is not null;
    private TrainerSupervisorLogic logic = new(Options, world.Fate.Weather.Places is not null);
    private int room = world.Fate.Weather.Places ?? 0;
    private int lastPlace;
    private DateTimeOffset? wakesAt;

    /// <summary>The present life of a trainer.</summary>
    public SimulatedTrainer this[int number] => lives.Values.Single(trainer => trainer.Key.Number == number);

    /// <summary>The states that are left if the process that leads dies.</summary>
    public IEnumerable<RetainedState> Retained => lives.Values.Select(static trainer => trainer.Retained).OfType<RetainedState>();

    public void Tell(TrainerKey key, TrainerCommand command)
    {
        if (!lives.TryGetValue(key, out var trainer))
            return;
        if (world.Fate.Chance(world.Fate.Weather.NodeLost))
            LoseNode(trainer);
        else
            trainer.Tell(command);
    }

    public void Handle(TrainerSupervisorCommand command)
    {
        if (world.Fate.Chance(world.Fate.Weather.OthersCrash))
            Replace();
        else
            Do(logic.Handle(command, world.Time.Now));
        GivePlaces();
    }

    /// <summary>A trainer ended.</summary>
    public void End(TrainerKey key, string reason, FoundDamage? damage)
    {
        if (!lives.Remove(key, out var trainer))
            return;
        trainer.IsAbandoned = true;
        room++;
        Do(logic.Ended(key, new LifeFailure(reason, damage), world.Time.Now));
        GivePlaces();
    }

    private void LoseNode(SimulatedTrainer trainer)
    {
        lives.Remove(trainer.Key);
        trainer.IsAbandoned = true;
        Do(logic.Ended(trainer.Key, new LifeFailure("Its node was killed.") { Node = NodeEnd.Lost }, world.Time.Now));
        if (world.Fate.Weather.NodesStayAway)
            return;
        network.After(world.Fate.Milliseconds(0, 8000), () =>
        {
            room++;
            GivePlaces();
        });
    }

    private void GivePlaces()
    {
        while (room > 0 && seeking.Count > 0)
        {
            var trainer = seeking.Min;
            seeking.Remove(trainer);
            room--;
            Do(logic.Placed(trainer, new Place(++lastPlace), world.Time.Now));
        }
    }

    // All end with the supervisor, those that hang too.
    private void Replace()
    {
        foreach (var trainer in lives.Values)
            trainer.IsAbandoned = true;
        room += lives.Count;
        lives.Clear();
        seeking.Clear();
        (logic, wakesAt) = (new TrainerSupervisorLogic(Options, seeksPlaces), null);
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
                    room++;
                    break;
                case TellPlaces { Message: SeekPlace seek }:
                    seeking.Add(seek.Number);
                    break;
                case TellPlaces { Message: ForgetPlace forget }:
                    seeking.Remove(forget.Number);
                    break;
                case TellPlaces { Message: LeavePlace }:
                    room++;
                    break;
                case TellRun tell:
                    report(tell.Report);
                    break;
            }
        }

        if (logic.NextTick is not { } next || next == wakesAt)
            return;
        wakesAt = next;
        network.After(next - world.Time.Now, () =>
        {
            Do(logic.Tick(world.Time.Now));
            GivePlaces();
        });
    }

    private sealed record Place(int Number) : LifePlace($"node-{Number % 3}");
}
