using System.Globalization;

namespace ActorTrain.Tests.Processes;

/// <summary>Processes that may lead a run, started at the same time.</summary>
public sealed class ControlProcesses : IDisposable
{
    private readonly RealRun real;
    private readonly string name;
    private readonly string[] command;
    private readonly string? certificates;
    private readonly IReadOnlyList<TestHost>? hosts;
    private readonly List<RunOnNodes> all = [];

    /// <param name="command">That trains the run, without its nodes and its control processes.</param>
    /// <param name="certificates">Folder with one for each; null for plain text. See <see cref="CertificateOf"/>.</param>
    /// <param name="hosts">Where each is started; null: as any program of this machine.</param>
    public ControlProcesses(
        RealRun real, string name, string[] command, string? certificates = null, IReadOnlyList<TestHost>? hosts = null)
    {
        (this.real, this.name, this.command, this.certificates, this.hosts) = (real, name, command, certificates, hosts);
        var count = hosts?.Count ?? 3;
        string[] free = hosts is null ? FreeAddress.FindTexts(2 * count)
            : [.. hosts.Select(static host => host.At(4054)), .. hosts.Select(static host => host.At(4053))];
        Addresses = free[..count];
        NodeAddresses = free[count..];
        for (var i = 0; i < count; i++)
            Start(i);
    }

    /// <summary>Where they reach each other.</summary>
    public IReadOnlyList<string> Addresses { get; }

    /// <summary>Where each accepts nodes if it leads.</summary>
    public IReadOnlyList<string> NodeAddresses { get; }

    /// <summary>The name of the certificate of one.</summary>
    public static string CertificateOf(int number) => string.Create(CultureInfo.InvariantCulture, $"leader-{number}");

    /// <summary>Starts one, for the first time or again.</summary>
    /// <param name="number">From 0; of one that was started for the first time.</param>
    public RunOnNodes Start(int number)
    {
        var process = new RunOnNodes(real, name, hosts?[number], [
            .. command, "--set", $"cluster.control={string.Join(',', Addresses)}", "--at", Addresses[number],
            "--set", $"nodes.listen={NodeAddresses[number]}",
            .. certificates is null ? (string[])[] :
                ["--set", $"nodes.certificates={certificates}", "--set", $"nodes.certificate={CertificateOf(number)}"]]);
        all.Add(process);
        return process;
    }

    public RunOnNodes this[int number] => all[number];

    /// <summary>The number of one that was started for the first time.</summary>
    public int NumberOf(RunOnNodes process) => all.IndexOf(process);

    /// <summary>Waits until one of those that live is elected.</summary>
    /// <param name="except">Those that were before.</param>
    public RunOnNodes WaitForLeader(params RunOnNodes[] except)
    {
        RunOnNodes? leader = null;
        var candidates = all.Except(except).ToList();
        RunOnNodes.Await(
            () => (leader = candidates.Find(static process => process.Output.Contains("elected to lead", StringComparison.Ordinal)))
                is not null || candidates.TrueForAll(static process => process.HasEnded),
            "An election");
        return leader ?? throw new InvalidOperationException(
            $"Nobody was elected: {string.Join('\n', all.Select(static process => process.HasEnded ? process.End().Error : process.Output))}");
    }

    /// <summary>Those that have not ended, but for some.</summary>
    public IReadOnlyList<RunOnNodes> Others(params RunOnNodes[] but) => [.. all.Except(but).Where(static process => !process.HasEnded)];

    public void Dispose()
    {
        foreach (var process in all)
            process.Dispose();
    }
}
