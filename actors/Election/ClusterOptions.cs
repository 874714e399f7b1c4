using System.Net;
using ActorTrain.Models.Options;

namespace ActorTrain.Actors.Election;

/// <summary>The processes that may lead a run: one of them does, the others stand by.</summary>
[OptionGroup(MayChangeBecause = "they only affect who leads")]
public sealed record ClusterOptions : IOptions
{
    private const int MostProcesses = 9;
    private const string ControlExpectation = "empty, or IP addresses and ports with commas between, one for each process that may "
        + "lead, such as 127.0.0.1:4054,127.0.0.1:4055,127.0.0.1:4056";

    [Option("addresses and ports of the processes that may lead the run, with commas between: one leads, the others stand by; empty: the "
        + "process that is started leads", Expectation = ControlExpectation)]
    public string Control { get; init; } = "";

    [Option("time without a heartbeat after which a process that may lead is suspected to be lost", Unit = "seconds", Min = 0.5, Max = 600)]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1.5);

    public IEnumerable<OptionProblem> Validate()
    {
        if (Control.Length > 0 && EndPoints.Count == 0)
            yield return new($"{nameof(Control):key} is '{Control}', but it must be {ControlExpectation}.");
    }

    /// <summary>What <see cref="Control"/> says, in its order; empty for none.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints
    {
        get
        {
            if (Control.Length == 0)
                return [];
            var given = Control.Split(',', StringSplitOptions.TrimEntries);
            var parsed = given.Select(Parse).OfType<IPEndPoint>().Distinct().ToList();
            return parsed.Count == given.Length && given.Length <= MostProcesses ? parsed : [];
        }
    }

    /// <summary>Null if it is no address of one process.</summary>
    public static IPEndPoint? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return IPEndPoint.TryParse(text.Replace("localhost:", "127.0.0.1:", StringComparison.Ordinal), out var address)
            && address.Port > 0 && !address.Address.Equals(IPAddress.Any) && !address.Address.Equals(IPAddress.IPv6Any) ? address : null;
    }
}
