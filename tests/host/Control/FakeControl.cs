using ActorTrain.Actors.Election;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Host.Control;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Host.Tests.Control;

/// <summary>Stands for the run behind a control server: keeps what it is asked for.</summary>
internal sealed class FakeControl : IRunControl
{
    public List<int> Scaled { get; } = [];

    public List<string> Stopped { get; } = [];

    public List<(string By, OperatorCommand Command)> Interventions { get; } = [];

    public IReadOnlyList<ControlStatus> ControlProcesses { get; set; } = [];

    public Func<OperatorCommand, OperatorAnswer>? Answer { get; set; }

    public bool IsSilent { get; set; }

    public bool IsPaused { get; set; }

    public Task<OperatorAnswer> Intervene(string by, OperatorCommand command, CancellationToken cancellation)
    {
        if (Answer is not null)
            return Task.FromResult(Answer(command));
        Interventions.Add((by, command));
        return Task.FromResult(new OperatorAnswer(true, $"done {Interventions.Count}"));
    }

    public Task<RunStatus> GetStatus(CancellationToken cancellation) => IsSilent ? throw new TimeoutException() : Task.FromResult(
        new RunStatus(
            12, 100, 4, RunPhase.Training,
            [
                new TrainerStatus(new TrainerKey(0, 1), TrainerStanding.Member, "{0-3}", 0, null) { Mailbox = 3 },
                new TrainerStatus(new TrainerKey(1, 2), TrainerStanding.Joining, "", 1, "It threw."),
            ],
            1, [(new ActorId(ActorRole.Checkpointer), 2, "the disk is full")])
        {
            WantedTrainers = 2,
            Overrides = new OverridesStatus { IsPaused = IsPaused },
            Actors =
            [
                new ActorStatus("reducer-10", "", 0), new ActorStatus("reducer-2", "", 0), new ActorStatus("journal", "", 0),
                new ActorStatus("metrics", "", 0), new ActorStatus("checkpointer", "writing", 1),
            ],
        });

    public NodesStatus? Nodes { get; set; }

    public Task<NodesStatus?> GetNodes(CancellationToken cancellation) => Task.FromResult(Nodes);

    public StepTrace? Traced { get; set; }

    public List<int> Traces { get; } = [];

    public void BeginTrace(int steps) => Traces.Add(steps);

    public StepTrace? TakeTrace() => Traced;

    public void Scale(int trainers) => Scaled.Add(trainers);

    public bool HasRollouts { get; set; }

    public List<int> ScaledRollouts { get; } = [];

    public void ScaleRollouts(int workers) => ScaledRollouts.Add(workers);

    public void Stop(string reason) => Stopped.Add(reason);
}
