using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Stands for the actor around <see cref="CheckpointSaving"/>.</summary>
internal sealed class SimulatedCheckpointer(SimulatedWorld world, SimulatedNetwork network, Action<IRunInput> report)
{
    private readonly HashSet<long> answered = [];
    private CheckpointSaving saving = new(world.Disk);
    private long newest;

    public void Handle(CheckpointCommand command)
    {
        switch (command)
        {
            // In its mailbox a save never overtakes a later one.
            case SaveCheckpoint save when save.Number >= newest:
                newest = save.Number;
                if (world.SaveTime == TimeSpan.Zero)
                    Save(save);
                else
                    network.After(world.SaveTime, () => Save(save));
                break;
            case MarkGood good:
                saving.Mark(good);
                break;
        }
    }

    private void Save(SaveCheckpoint save)
    {
        try
        {
            Answer(save, saving.Save(save));
        }
        catch (SimulatedCrashException)
        {
            // It may be the whole process that dies there.
            var weather = world.Fate.Weather;
            if (weather.ProcessDeath > 0 && world.Fate.Random.Next(4) == 0)
            {
                world.KillProcess();
                return;
            }

            saving = new CheckpointSaving(world.Disk);
            report(new CheckpointerStarted());
        }
    }

    private void Answer(SaveCheckpoint save, CheckpointReport? answer)
    {
        switch (answer)
        {
            // A command that comes late, after the slot went to another snapshot, was answered when it came first.
            case null when save.Number == newest && !answered.Contains(save.Number):
                throw new InvariantException($"Slot {save.Slot} holds another state; that of step {save.Step} was never written from it.");
            case CheckpointSaved saved:
                world.Disk.Announce(saved);
                answered.Add(save.Number);
                network.After(world.Fate.Milliseconds(1, 300), () => report(saved));
                break;
            case CheckpointFailed failed:
                answered.Add(save.Number);
                report(failed);
                break;
        }
    }
}
