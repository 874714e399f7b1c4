using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>A process whose run another has taken over and that does not know it yet: it goes on deciding, and all that it does to what is
/// shared goes through its journal.</summary>
internal sealed class StaleLeader
{
    private readonly SimulatedWorld world;
    private readonly SimulatedNetwork network;
    private readonly SimulatedJournal journal;
    private readonly RunLogic logic;

    /// <param name="logic">The run as it stands with it.</param>
    /// <param name="term">Its term, which is over.</param>
    public StaleLeader(SimulatedWorld world, RunLogic logic, long term)
    {
        (this.world, this.logic) = (world, logic);
        network = new SimulatedNetwork(world.Time, world.Fate, world.Invariants);
        journal = new SimulatedJournal(world, network, report => network.Send(() => Decide(report)), Decide, term);

        // Whatever it waits for does not come.
        network.After(TimeSpan.Zero, () => Decide(new Tick()));
    }

    /// <summary>How it ended; null as long as it lives.</summary>
    public RunEnded? Outcome { get; private set; }

    private void Decide(IRunInput input)
    {
        if (Outcome is not null)
            return;
        var held = world.Journal.Count;
        IReadOnlyList<RunEffect> effects;
        try
        {
            effects = logic.Step(input, world.Time.Now);
        }
        catch (InvariantException) when (input is JournalRecovered)
        {
            // Its next life would know what the other process has decided, and be refused as well.
            network.IsDown = true;
            return;
        }

        foreach (var effect in effects)
        {
            if (Outcome is not null && effect is not (ToGoodput or WakeAt))
                throw new InvariantException($"It ended because another process leads, and then had {effect} done.");
            switch (effect)
            {
                case ToJournal(var record):
                    network.Send(() => journal.Handle(record));
                    break;
                case WakeAt(var at):
                    network.After(at - world.Time.Now, () => Decide(new Tick()));
                    break;
                case EndRun(var outcome):
                    // The end of the run may have been durable before another took it.
                    Outcome = outcome.Ending == RunEnding.Superseded || world.Journal.OfType<RunFinished>().Any() ? outcome
                        : throw new InvariantException($"It lost the run, and ends so: {outcome}.");
                    network.IsDown = true;
                    break;
            }
        }

        if (world.Journal.Count != held)
            throw new InvariantException("A process that lost the run added a decision.");
    }
}
