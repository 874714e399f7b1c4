using System.Net;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Nodes;

/// <summary>Processes that host the trainers of a run.</summary>
[OptionGroup(MayChangeBecause = OptionText.WhoComputes)]
public sealed record NodesOptions : IOptions
{
    private const string ListenExpectation = "empty, or an address and a port of this machine that only it can reach, such as "
        + "127.0.0.1:4053 (connections are not encrypted yet)";

    [Option("address and port where the run accepts nodes that 'actortrain node' starts; empty: none",
        Expectation = ListenExpectation)]
    public string Listen { get; init; } = "";

    [Option("time without a sign of life after which a node is lost", Unit = "seconds", Min = 0.5, Max = 3600)]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    public IEnumerable<OptionProblem> Validate()
    {
        if (Listen.Length > 0 && EndPoint is null)
            yield return new($"{nameof(Listen):key} is '{Listen}', but it must be {ListenExpectation}.");
    }

    /// <summary>What <see cref="Listen"/> says; null for none.</summary>
    public IPEndPoint? EndPoint =>
        IPEndPoint.TryParse(Listen.Replace("localhost:", "127.0.0.1:", StringComparison.Ordinal), out var address) && address.Port > 0
        && IPAddress.IsLoopback(address.Address) ? address : null;
}
