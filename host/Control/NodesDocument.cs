using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Certificates;

namespace ActorTrain.Host.Control;

/// <param name="State">A word.</param>
/// <param name="Trainers">Names of those that live there.</param>
/// <param name="Progress">Reports of those who live there since it joined.</param>
/// <param name="Losses">How often it was lost.</param>
/// <param name="LastFault">Why it was lost last; null if it never was.</param>
/// <param name="Silence">Seconds since its last sign of life.</param>
internal sealed record NodeDocument(
    string Name, string State, string Host, int Process, string Device, int Threads, IReadOnlyList<string> Trainers, long Progress,
    int Losses, string? LastFault, double Silence)
{
    /// <summary>What it hosts: worker (trainers), rollout (samplers, scorers, references and critics), or both.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Names of the workers of rollouts that live there.</summary>
    public IReadOnlyList<string> Workers { get; init; } = [];
}

/// <summary>The nodes of a run, by name.</summary>
/// <param name="Waiting">Trainers that wait for a node with room.</param>
/// <param name="Refused">Nodes that were refused.</param>
/// <param name="LastRefusal">Why the last was refused; null if none was.</param>
internal sealed record NodesDocument(string Run, IReadOnlyList<NodeDocument> Nodes, int Waiting, int Refused, string? LastRefusal)
{
    /// <summary>Workers of rollouts that wait for a node.</summary>
    public int WaitingWorkers { get; init; }

    public static NodesDocument Of(string run, NodesStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        return new NodesDocument(
            run,
            [
                .. status.Nodes.Select(static node => new NodeDocument(
                    node.Name, node.State.ToString().ToLowerInvariant(), node.Host, node.ProcessId, node.Device, node.Threads,
                    [.. node.Trainers.Select(static key => key.ToString())], node.Progress, node.Losses, node.LastFault,
                    Math.Round(node.Silence.TotalSeconds, 3))
                {
                    Roles = CertifiedPeer.Words(node.Roles),
                    Workers = [.. node.Workers.Select(static worker => worker.ToString())],
                }),
            ],
            status.Waiting, status.Refused, status.LastRefusal) { WaitingWorkers = status.WaitingWorkers };
    }
}
