using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Tests.PostTraining;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>The actors under one life of the run's supervisor.</summary>
internal sealed class SimulatedActors
{
    private readonly SimulatedWorld world;
    private readonly Action<IRunInput> report;
    private readonly SimulatedCheckpointer checkpointer;
    private readonly SimulatedPublisher publisher;
    private readonly SimulatedJournal journal;
    private readonly SimulatedRollouts? rollouts;

    /// <summary>Begins them.</summary>
    /// <param name="world">Where.</param>
    /// <param name="options">Of the run.</param>
    /// <param name="decide">Takes what reaches the run.</param>
    public SimulatedActors(SimulatedWorld world, RunLogicOptions options, Action<IRunInput> decide)
    {
        this.world = world;
        Network = new SimulatedNetwork(world.Time, world.Fate, world.Invariants);
        report = input => Network.Send(() => decide(input));
        Trainers = new SimulatedTrainers(world, Network, report);
        Reducers = new SimulatedReducers(world, options.Lanes, options.Reducers, report);
        checkpointer = new SimulatedCheckpointer(world, Network, report);
        journal = new SimulatedJournal(world, Network, report, decide, world.Term);
        publisher = new SimulatedPublisher(world, report);
        rollouts = options.Rollouts is not null ? new SimulatedRollouts(world, Network, world.Policy.Options, report) : null;
    }

    public SimulatedNetwork Network { get; }

    public SimulatedTrainers Trainers { get; }

    public SimulatedReducers Reducers { get; }

    /// <summary>Sends what the run has to say to one of them.</summary>
    public void Send(RunEffect effect)
    {
        switch (effect)
        {
            case ToTrainer(var key, var command):
                Network.Send(() => Trainers.Tell(key, command));
                break;
            case ToTrainerSupervisor(var command):
                Network.Send(() => Trainers.Handle(command));
                break;
            case ToReducer(var reducer, AddBlock add):
                Network.Send(() => Reducers.Handle(reducer, add));
                break;
            case ReplaceReducer(var reducer):
                Reducers.Replace(reducer);
                break;
            case ToCheckpointer(var command):
                Network.Send(() => checkpointer.Handle(command));
                break;
            case ToRollouts(var asked):
                Network.Send(() => rollouts!.Handle(asked));
                break;
            case ToSpikeDetector(var judge):
                Network.Send(() => Judge(judge));
                break;
            case ToMetrics(var command):
                Network.Send(() => publisher.Handle(command));
                break;
            case ToJournal(var record):
                Network.Send(() => journal.Handle(record), outlives: true);
                break;
        }
    }

    // The rules have no state of their own.
    private void Judge(JudgeStep judge)
    {
        if (world.Fate.Chance(world.Fate.Weather.OthersCrash))
            report(new SpikeDetectorStarted());
        else
            report(new StepJudged(judge.Round, world.Detection.Judge(judge.Signals, judge.Memory)));
    }
}
