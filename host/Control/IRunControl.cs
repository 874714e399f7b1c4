using ActorTrain.Actors.Election;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;

namespace ActorTrain.Host.Control;

internal interface IRunControl
{
    /// <exception cref="TimeoutException">It does not answer.</exception>
    Task<RunStatus> GetStatus(CancellationToken cancellation);

    /// <returns>Null if trainers live in the process that leads.</returns>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    Task<NodesStatus?> GetNodes(CancellationToken cancellation);

    /// <summary>The processes that may lead the run; empty if there are no others.</summary>
    IReadOnlyList<ControlStatus> ControlProcesses { get; }

    void Scale(int trainers);

    /// <summary>Whether the run samples rollouts.</summary>
    bool HasRollouts { get; }

    void ScaleRollouts(int workers);

    /// <summary>Sends an operator's request.</summary>
    /// <param name="cancellation">Stops waiting; the request may still be executed.</param>
    /// <returns>The answer, once it is recorded.</returns>
    /// <exception cref="TimeoutException">It is not recorded yet.</exception>
    Task<OperatorAnswer> Intervene(string by, OperatorCommand command, CancellationToken cancellation);

    /// <param name="steps">Whole steps, at least 1.</param>
    void BeginTrace(int steps);

    /// <summary>Null until all its steps are committed.</summary>
    StepTrace? TakeTrace();

    /// <summary>Requests an orderly stop: the current step is completed and saved.</summary>
    void Stop(string reason);
}
