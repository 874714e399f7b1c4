using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.PostTraining;

/// <summary>Reports that wait until the weights they were computed with are checked. A check reads all weights and their packed copies,
/// which takes as long as some tokens, so several reports share one.</summary>
/// <param name="verify">Throws if a bit of the weights was flipped.</param>
internal sealed class UnverifiedReports(Action verify)
{
    private readonly List<WorkerReport> waiting = [];

    public void Add(IEnumerable<WorkerReport> reports) => waiting.AddRange(reports);

    /// <summary>Verifies the weights.</summary>
    /// <returns>All reports that have waited; no corrupted weights have computed them.</returns>
    public IReadOnlyList<WorkerReport> Take()
    {
        if (waiting.Count == 0)
            return [];
        verify();
        WorkerReport[] verified = [.. waiting];
        waiting.Clear();
        return verified;
    }

    public void Clear() => waiting.Clear();
}
