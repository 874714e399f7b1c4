using ActorTrain.Actors.Election;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Host.Control;
using ActorTrain.Persistence.Journal;
using Akka.Actor;

namespace ActorTrain.Host.Training;

/// <summary>Sends requests to the actors of a run from outside.</summary>
/// <param name="nodes">The desk of the nodes; null if trainers live in this process.</param>
/// <param name="requireMemory">Throws a <see cref="Models.UserErrorException"/> if memory does not suffice for that many trainers.</param>
internal sealed class RunControl(IActorRef run, IActorRef? nodes, MessageTrace trace, Action<int> requireMemory) : IRunControl
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // An answer waits for the database.
    private static readonly TimeSpan RecordPatience = TimeSpan.FromSeconds(15);
    private long requests;

    /// <summary>This process among those that may lead the run; null if no other may.</summary>
    public ControlProcess? Process { get; init; }

    /// <summary>Whether an operator has asked for the end of the run.</summary>
    public bool IsStopRequested { get; private set; }

    public IReadOnlyList<ControlStatus> ControlProcesses => Process?.Members ?? [];

    public async Task<RunStatus> GetStatus(CancellationToken cancellation)
    {
        try
        {
            var status = await run.Ask<RunStatus>(new GetStatus(), Patience, cancellation).ConfigureAwait(false);
            return await GetNodes(cancellation).ConfigureAwait(false) is { } known ? WithNodes(status, known) : status;
        }
        catch (AskTimeoutException exception)
        {
            throw new TimeoutException("The supervisor of the run does not answer.", exception);
        }
    }

    public async Task<NodesStatus?> GetNodes(CancellationToken cancellation)
    {
        if (nodes is null)
            return null;
        try
        {
            return await nodes.Ask<NodesStatus>(new GetNodes(), Patience, cancellation).ConfigureAwait(false);
        }
        catch (AskTimeoutException exception)
        {
            throw new TimeoutException("The desk of the nodes does not answer.", exception);
        }
    }

    public async Task<OperatorAnswer> Intervene(string by, OperatorCommand command, CancellationToken cancellation)
    {
        try
        {
            return await run.Ask<OperatorAnswer>(new OperatorRequest(Interlocked.Increment(ref requests), by, command), RecordPatience,
                cancellation).ConfigureAwait(false);
        }
        catch (AskTimeoutException exception)
        {
            throw new TimeoutException("The run has not recorded the request yet.", exception);
        }
    }

    /// <summary>Whether it samples rollouts.</summary>
    public bool HasRollouts { get; init; }

    public void Scale(int trainers)
    {
        requireMemory(trainers);
        run.Tell(new ScaleTrainers(trainers));
    }

    public void ScaleRollouts(int workers) => run.Tell(new ScaleRollouts(workers));

    private static RunStatus WithNodes(RunStatus status, NodesStatus known) => status with
    {
        Actors =
        [
            .. status.Actors,
            .. known.Nodes.SelectMany(static node => node.Workers.Select(worker =>
                new ActorStatus($"{new ActorId(worker.Role, worker.Number)}", $"running on {node.Name}", null))),
        ],
        Trainers =
        [
            .. status.Trainers.Select(trainer => trainer with
            {
                Node = known.Nodes.FirstOrDefault(node => node.Trainers.Contains(trainer.Trainer))?.Name,
            }),
        ],
    };

    public void BeginTrace(int steps) => trace.Begin(steps);

    public StepTrace? TakeTrace() => trace.Take();

    public void Stop(string reason)
    {
        IsStopRequested = true;
        run.Tell(new StopRun(reason));
    }
}
