using System.Net;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Nodes;

/// <summary>Processes that host the trainers of a run.</summary>
[OptionGroup(MayChangeBecause = OptionText.WhoComputes)]
public sealed record NodesOptions : IOptions
{
    private const string ListenExpectation = "empty, or an address and a port of this machine, such as 127.0.0.1:4053";

    [Option("address and port where the run accepts nodes that 'actortrain node' starts; empty: none",
        Expectation = ListenExpectation)]
    public string Listen { get; init; } = "";

    [Option("port where gradients travel, at the address of nodes.listen; 0: any that is free", Max = ushort.MaxValue)]
    public int DataPort { get; init; }

    [Option("folder with the certificates of the cluster (see 'actortrain cluster --help'), with which nodes and other processes "
        + "that may lead are accepted from other machines; empty: only those of this machine, in plain text")]
    public string Certificates { get; init; } = "";

    [Option("name of the certificate of the process that leads or may lead; empty: the only one whose key is in that folder")]
    public string Certificate { get; init; } = "";

    [Option("time without a sign of life after which a node is lost", Unit = "seconds", Min = 0.5, Max = 3600)]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    public IEnumerable<OptionProblem> Validate()
    {
        if (Listen.Length > 0 && EndPoint is null)
            yield return new($"{nameof(Listen):key} is '{Listen}', but it must be {ListenExpectation}.");
        else if (EndPoint is { } address && Certificates.Length == 0 && !IPAddress.IsLoopback(address.Address))
        {
            yield return new($"{nameof(Listen):key} is '{Listen}', which other machines may reach, but "
                + $"{nameof(Certificates):key} is empty; make certificates with 'actortrain cluster init' and "
                + $"'actortrain cluster cert' and name their folder, or listen on 127.0.0.1.");
        }

        if (DataPort > 0 && EndPoint?.Port == DataPort)
            yield return new($"{nameof(DataPort):key} is {DataPort}, the port of {nameof(Listen):key}; choose another.");
        if (Certificate.Length > 0 && Certificates.Length == 0)
            yield return new($"{nameof(Certificate):key} is '{Certificate}', but {nameof(Certificates):key} is empty; name the folder of "
                + $"the certificates there.");
    }

    /// <summary>What <see cref="Listen"/> says; null for none.</summary>
    public IPEndPoint? EndPoint =>
        IPEndPoint.TryParse(Listen.Replace("localhost:", "127.0.0.1:", StringComparison.Ordinal), out var address) && address.Port > 0
        && !address.Address.Equals(IPAddress.Any) && !address.Address.Equals(IPAddress.IPv6Any) ? address : null;
}
