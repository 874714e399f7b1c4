using ActorTrain.Actors.Journal;
using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Stands for the actor around <see cref="JournalLogic"/>: it persists to a database, which refuses whatever is to come in the
/// place of something else.</summary>
internal sealed class SimulatedJournal
{
    private static readonly TimeSpan RestartTime = TimeSpan.FromMilliseconds(1);

    private readonly SimulatedWorld world;
    private readonly SimulatedNetwork network;
    private readonly Action<IRunInput> report;
    private readonly Action<IRunInput> decide;
    private readonly long term;
    private JournalLogic logic;

    // Decisions of which the logic knows that they are there.
    private int known;
    private bool mustRestart;

    public SimulatedJournal(
        SimulatedWorld world, SimulatedNetwork network, Action<IRunInput> report, Action<IRunInput> decide, long term)
    {
        (this.world, this.network, this.report, this.decide, this.term) = (world, network, report, decide, term);

        // The run is begun with what is read first.
        logic = Recover(static _ => { });
    }

    public void Handle(RecordDecision record)
    {
        if (world.Fate.Chance(world.Fate.Weather.JournalAway))
            return;
        logic.Record(record);
        if (mustRestart || world.Fate.Chance(world.Fate.Weather.OthersCrash))
            Restart();
    }

    // What a former life had sent may land late, too: then the database refuses what comes in the same place, and the journal is read
    // again.
    private void Write(RunEvent decision)
    {
        if (term != world.Term)
        {
            report(new RunSuperseded($"Term {term} is over since term {world.Term} has begun."));
            return;
        }

        mustRestart = known != world.Journal.Count;
        if (mustRestart)
            return;
        world.Journal.Add(decision);
        known++;
        logic.NotePersisted();
    }

    // What the journal's actor read is neither lost nor overtaken by what it says later: nobody would compare it with what was decided. The
    // one of a life that is over is not started again.
    private void Restart()
    {
        if (network.IsDown)
            return;
        logic = Recover(recovered => network.After(RestartTime, () => decide(recovered)));
    }

    private JournalLogic Recover(Action<JournalRecovered> hand)
    {
        (known, mustRestart) = (world.Journal.Count, false);
        var isRecovering = true;
        var recovering = new JournalLogic(Write, said =>
        {
            if (isRecovering && said is JournalRecovered recovered)
                hand(recovered);
            else
                report(said);
        });
        recovering.Begin([.. world.Journal]);
        isRecovering = false;
        return recovering;
    }
}
