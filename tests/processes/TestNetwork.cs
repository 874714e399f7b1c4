using System.Diagnostics;
using System.Globalization;

namespace ActorTrain.Tests.Processes;

/// <summary>Hosts with an address each, on one switch: network namespaces that this machine alone has. Between them, packets can be
/// dropped, and links be slow.</summary>
public sealed class TestNetwork : IDisposable
{
    private const string Subnet = "10.77.0.";
    private static int networks;
    private readonly string prefix = string.Create(
        CultureInfo.InvariantCulture, $"at{Environment.ProcessId}-{Interlocked.Increment(ref networks)}");
    private readonly List<TestHost> hosts = [];

    public TestNetwork()
    {
        Do("ip", "netns", "add", Switch);
        Do("ip", "-n", Switch, "link", "add", "switch", "type", "bridge");
        Do("ip", "-n", Switch, "link", "set", "switch", "up");
    }

    /// <summary>Whether the machine allows it.</summary>
    public static bool IsPermitted => Environment.UserName == "root" && File.Exists("/usr/sbin/nft");

    private string Switch => $"{prefix}-switch";

    /// <summary>A further host, with processes, shared memory and a name of its own. It sees the files of this machine.</summary>
    public TestHost Add(string name)
    {
        var host = new TestHost(name, $"{prefix}-{name}", $"{Subnet}{hosts.Count + 1}");
        Do("ip", "netns", "add", host.Namespace);
        hosts.Add(host);
        Do("ip", "-n", host.Namespace, "link", "add", "eth0", "type", "veth", "peer", "name", name, "netns", Switch);
        Do("ip", "-n", Switch, "link", "set", name, "master", "switch", "up");
        Do("ip", "-n", host.Namespace, "addr", "add", $"{host.Address}/24", "dev", "eth0");
        Do("ip", "-n", host.Namespace, "link", "set", "lo", "up");
        Do("ip", "-n", host.Namespace, "link", "set", "eth0", "up");
        In(host, "nft", "add", "table", "ip", "links");
        In(host, "nft", "add", "chain", "ip", "links", "input", "{ type filter hook input priority 0 ; }");
        return host;
    }

    /// <summary>From now on no packet of one gets to the other; the other way they do.</summary>
    public static void CutOneWay(TestHost from, TestHost to) =>
        In(to, "nft", "add", "rule", "ip", "links", "input", "ip", "saddr", from.Address, "drop");

    /// <summary>From now on no packet gets from any host of one side to any of the other, nor back.</summary>
    public static void Cut(TestHost[] side, TestHost[] other)
    {
        foreach (var (here, there) in side.SelectMany(here => other.Select(there => (here, there))))
        {
            CutOneWay(here, there);
            CutOneWay(there, here);
        }
    }

    /// <summary>Every packet arrives again.</summary>
    public void Heal()
    {
        foreach (var host in hosts)
            In(host, "nft", "flush", "chain", "ip", "links", "input");
    }

    /// <summary>From now on the host sends and is sent at most so much.</summary>
    public void Limit(TestHost host, int kilobitsPerSecond)
    {
        string[] rate = ["root", "tbf", "rate", $"{kilobitsPerSecond}kbit", "burst", "16kb", "latency", "400ms"];
        Do("tc", ["-n", host.Namespace, "qdisc", "replace", "dev", "eth0", .. rate]);
        Do("tc", ["-n", Switch, "qdisc", "replace", "dev", host.Name, .. rate]);
    }

    /// <summary>Its link is as fast as before.</summary>
    public void Unlimit(TestHost host)
    {
        Do("tc", "-n", host.Namespace, "qdisc", "del", "dev", "eth0", "root");
        Do("tc", "-n", Switch, "qdisc", "del", "dev", host.Name, "root");
    }

    public void Dispose()
    {
        foreach (var host in hosts)
            Do("ip", "netns", "del", host.Namespace);
        Do("ip", "netns", "del", Switch);
    }

    private static void In(TestHost host, params string[] command) => Do("ip", ["netns", "exec", host.Namespace, .. command]);

    private static void Do(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var outcome = Outcome.Of(process);
        if (outcome.ExitCode != 0)
            throw new InvalidOperationException($"`{program} {string.Join(' ', arguments)}` says: {outcome.Output}{outcome.Error}");
    }
}

/// <summary>A test that needs a <see cref="TestNetwork"/>; where none is permitted, it is skipped and says why.</summary>
public sealed class NetworkFactAttribute : FactAttribute
{
    public NetworkFactAttribute()
    {
        if (!TestNetwork.IsPermitted)
            Skip = "It makes network namespaces: run it as root, with the Debian packages iproute2 and nftables.";
    }
}

/// <summary>A host of a <see cref="TestNetwork"/>.</summary>
/// <param name="Namespace">Of its network.</param>
public sealed record TestHost(string Name, string Namespace, string Address)
{
    /// <summary>By how many seconds its clock is fast.</summary>
    public int FastBy { get; init; }

    private string[] Clock => FastBy == 0 ? []
        : ["env", $"LD_PRELOAD={WrongClock.Library.Value}", string.Create(CultureInfo.InvariantCulture, $"CLOCK_FAST_BY={FastBy}")];

    /// <summary>What starts a program there, before its name and arguments. Its processes end with the one that is started.</summary>
    public string[] Prefix =>
    [
        "ip", "netns", "exec", Namespace, "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts", "--",
        "sh", "-c", "hostname \"$0\" && exec \"$@\"", Name, .. Clock,
    ];

    /// <summary>The number, on this machine, of the program that was started with <see cref="Prefix"/>.</summary>
    /// <param name="started">The number of what started it.</param>
    public static int ProgramOf(int started)
    {
        var children = string.Create(CultureInfo.InvariantCulture, $"/proc/{started}/task/{started}/children");
        return int.Parse(File.ReadAllText(children), CultureInfo.InvariantCulture);
    }

    /// <summary>An address there.</summary>
    public string At(int port) => string.Create(CultureInfo.InvariantCulture, $"{Address}:{port}");
}
