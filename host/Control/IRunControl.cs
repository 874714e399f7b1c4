using ActorTrain.Actors.Run;

namespace ActorTrain.Host.Control;

/// <summary>What may be asked of a run while it goes on.</summary>
internal interface IRunControl
{
    /// <summary>How it stands just now.</summary>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    Task<RunStatus> GetStatus(CancellationToken cancellation);

    /// <summary>Has this many trainers from now on.</summary>
    /// <param name="trainers">At least 1.</param>
    void Scale(int trainers);

    /// <summary>Ends it in order: the step under way is finished and saved.</summary>
    /// <param name="reason">On whose behalf.</param>
    void Stop(string reason);
}
