using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Nodes;

/// <summary>Which nodes may take part in a run.</summary>
internal sealed class NodeAdmission(NodeRosterOptions options)
{
    // Foreign processes may try again for ever, under ever new names.
    private const int MostRemembered = 256;

    private readonly HashSet<(string Name, string Reason)> noted = [];

    public int Refused { get; private set; }

    public string? LastRefusal { get; private set; }

    /// <summary>Whether the node has read the run of this process, and of no earlier one, whose settings may have been others.</summary>
    public bool IsInspected(NodeHello hello) => hello.Inspection is { } found && found.Reading == options.LeasesFrom;

    /// <param name="living">A node of the same name that lives; null if none does.</param>
    /// <param name="isFull">Whether no further node may be added.</param>
    /// <returns>Why the node is refused, in a sentence; null if it is not.</returns>
    public string? Refusal(NodeHello hello, NodeHello? living, bool isFull)
    {
        if (!NodeProtocol.IsName(hello.Node.Name) || hello.Room < 0)
            return "The name of a node has letters, digits, dots, dashes and underscores, at most "
                + $"{NodeProtocol.LongestName}; choose another --name.";
        var name = hello.Node.Name;
        if (hello.Protocol != NodeProtocol.Version)
            return $"{name} speaks version {hello.Protocol} of the protocol, the run version {NodeProtocol.Version}; install the same "
                + "version of actortrain on all nodes.";
        if (hello.Build != options.Build)
            return $"{name} is another build of actortrain than the run ({hello.Build}, not {options.Build}); install the same on all "
                + "nodes.";
        if (living is not null)
            return $"A node named {name} is in the run already (process {living.ProcessId} on {living.Host}); choose another --name.";
        if (isFull)
            return $"The run has {NodeProtocol.MostNodes} nodes already.";
        if (!IsInspected(hello))
            return null;
        var found = hello.Inspection!;
        if (found.ConfigurationHash != options.ConfigurationHash)
            return $"The run file of {options.Run} is another on {name} than on the process that leads the run; give both the same folder.";
        if (found.DataHash != options.DataHash)
            return $"The data of {name} is not that of the run (its identity is {Short(found.DataHash)}, not "
                + $"{Short(options.DataHash)}); give it the data in {options.Data}.";
        return options.Fingerprint.DifferencesFrom(found.Fingerprint).FirstOrDefault() is { } difference
            ? $"{name} would compute other bits than the run ({difference}); set training.numerics to portable, or use the same kind of "
                + "machine."
            : null;
    }

    /// <returns>What to tell the user; null if it was told already.</returns>
    public NodeNotice? Note(NodeHello hello, string reason)
    {
        (Refused, LastRefusal) = (Refused + 1, reason);
        if (noted.Count >= MostRemembered || !noted.Add((hello.Node.Name ?? "", reason)))
            return null;
        return new NodeNotice($"refused a node (process {hello.ProcessId} on {hello.Host}): {reason}", true);
    }

    private static string Short(string hash) => hash.Length > 12 ? hash[..12] : hash;
}
