using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;

namespace ActorTrain.Host.Control;

/// <summary>What may be asked of a run while it is running.</summary>
internal interface IRunControl
{
    /// <summary>How it stands just now.</summary>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    Task<RunStatus> GetStatus(CancellationToken cancellation);

    /// <summary>Has this many trainers from now on.</summary>
    /// <param name="trainers">At least 1.</param>
    void Scale(int trainers);

    /// <summary>Hands over what an operator requests.</summary>
    /// <param name="cancellation">Gives up waiting; the run may still do it.</param>
    /// <returns>What came of it, once it is recorded.</returns>
    /// <exception cref="TimeoutException">It is not recorded yet.</exception>
    Task<OperatorAnswer> Intervene(string by, OperatorCommand command, CancellationToken cancellation);

    /// <summary>Begins to record what its actors do.</summary>
    /// <param name="steps">Whole steps to record, at least 1.</param>
    void BeginTrace(int steps);

    /// <summary>What was recorded; null until all its steps are committed.</summary>
    StepTrace? TakeTrace();

    /// <summary>Ends it in order: the step under way is finished and saved.</summary>
    void Stop(string reason);
}
