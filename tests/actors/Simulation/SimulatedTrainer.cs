using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Models;
using ActorTrain.Models.Objectives;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Stands for the actor around <see cref="TrainerLogic"/>: a mailbox, one message at a time, and the end that a trainer may come
/// to with each.</summary>
internal sealed class SimulatedTrainer
{
    private readonly SimulatedWorld world;
    private readonly SimulatedNetwork network;
    private readonly Action<TrainerKey, string, FoundDamage?> fail;
    private readonly TrainerLogic logic;

    // Without a command: do the next piece of what is owed, if the number is the last.
    private readonly Queue<(TrainerCommand? Command, long Work)> mailbox = [];
    private long workNumber;
    private bool isBusy;

    public SimulatedTrainer(
        TrainerKey key, SimulatedWorld world, SimulatedNetwork network, Action<TrainerReport> tell,
        Action<TrainerKey, string, FoundDamage?> fail)
    {
        (Key, this.world, this.network, this.fail) = (key, world, network, fail);
        Device = new SimulatedDevice(key, world);
        logic = new TrainerLogic(key, Device, tell);
    }

    public TrainerKey Key { get; }

    public SimulatedDevice Device { get; }

    /// <summary>Whether nobody counts on it any more.</summary>
    public bool IsAbandoned { get; set; }

    /// <summary>What it retains if the process that leads dies; null if nothing can be resumed from.</summary>
    public RetainedState? Retained => logic.Record is { } record ? new RetainedState("run", "hash", logic.Step, Device.State, record) : null;

    public void Tell(TrainerCommand command)
    {
        mailbox.Enqueue((command, 0));
        Schedule();
    }

    private void Schedule()
    {
        while (mailbox.TryPeek(out var first) && first.Command is null && first.Work != workNumber)
            mailbox.Dequeue();
        if (isBusy || mailbox.Count == 0)
            return;
        isBusy = true;
        var slowness = mailbox.Peek().Command is null ? world.SlownessOf(Key.Number) : 1;
        network.After(world.Fate.Milliseconds(5, 40) * slowness, Receive);
    }

    private void Receive()
    {
        var (fate, weather) = (world.Fate, world.Fate.Weather);
        if (IsAbandoned)
            return;
        if (fate.Chance(weather.Hang))
        {
            // Most hang until they are given up; some come back, perhaps after that.
            if (fate.Random.Next(3) == 0)
                network.After(fate.Milliseconds(1000, 30_000), Receive);
            return;
        }

        isBusy = false;
        if (fate.Chance(weather.Corrupt))
        {
            End("It found corrupt bits.", FoundDamage.Own);
            return;
        }

        var crashes = fate.Chance(weather.Crash);
        try
        {
            if (!crashes || fate.Random.Next(2) == 0)
                Handle(fate, weather);
        }
        catch (StaleTrainerException exception)
        {
            world.StaleTrainers++;
            End(exception.Message, null);
            return;
        }
        catch (CorruptionException exception)
        {
            End(exception.Message, FoundDamage.Own);
            return;
        }
        catch (UnequalRolloutException exception)
        {
            world.StaleTrainers++;
            End(exception.Message, FoundDamage.Rollouts);
            return;
        }

        if (crashes)
            End("It was made to fail.", null);
        else
            Schedule();
    }

    private void Handle(Fate fate, Weather weather)
    {
        if (fate.Chance(weather.WrongBits))
        {
            Device.IsFaulty = true;
            if (weather.WrongBitsStay)
                world.BrokenMachines.Add(Key.Number);
        }

        Device.Misapplies |= fate.Chance(weather.Misapply);
        if (mailbox.Dequeue().Command is { } command)
            logic.Handle(command);
        else
            logic.Work();
        workNumber++;
        if (logic.HasWork)
            mailbox.Enqueue((null, workNumber));
    }

    private void End(string reason, FoundDamage? damage)
    {
        IsAbandoned = true;
        network.After(TimeSpan.FromMilliseconds(1), () => fail(Key, reason, damage));
    }
}
