using System.Globalization;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Persistence.Certificates;

namespace ActorTrain.Host.Diagnostics;

/// <summary>What the set-up of a run survives and what it does not: who may lead it, who may join it, and until when.</summary>
public static class SetupFindings
{
    private static readonly TimeSpan ShortestLeft = TimeSpan.FromDays(30);

    public static IReadOnlyList<Finding> Of(RunConfiguration configuration, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return [Leader(configuration), Nodes(configuration), .. Certificates(configuration.Nodes.Certificates, now)];
    }

    private static Finding Leader(RunConfiguration configuration)
    {
        const string Name = "loss of the leader";
        var (count, isShared) = (configuration.Cluster.EndPoints.Count, configuration.Journal.Connection.Length > 0);
        if (count > 1)
        {
            return isShared
                ? new Finding(Name, $"survived: {count} processes may lead, of which {count - 1} may be lost, while the journal's "
                    + "PostgreSQL database answers", FindingState.Good)
                : new Finding(Name, "cluster.control requires a journal that all control processes reach", FindingState.Bad,
                    "set journal.connection to a PostgreSQL database");
        }

        return new Finding(Name, "not survived: one process may lead"
            + (isShared ? "" : ", since the journal is a SQLite database in the run's folder") + ", so the run stands still until the same "
            + "command is started again", FindingState.Warning,
            (isShared ? "set" : "set journal.connection to a PostgreSQL database, and") + " cluster.control to the addresses of three "
            + "processes");
    }

    private static Finding Nodes(RunConfiguration configuration)
    {
        const string Name = "who may join";
        var nodes = configuration.Nodes;
        var isOpen = nodes.Listen.Length > 0 || configuration.Cluster.EndPoints.Count > 0;
        if (!isOpen)
            return new Finding(Name, "nobody: the run accepts no nodes and has no other process that may lead", FindingState.Good);
        return nodes.Certificates.Length > 0
            ? new Finding(Name, $"processes with a certificate of the authority in {nodes.Certificates}", FindingState.Good)
            : new Finding(Name, "every user of this machine: connections are in plain text, without certificates", FindingState.Warning,
                "make certificates with 'actortrain cluster init' and 'actortrain cluster cert', and set nodes.certificates to their "
                + "folder");
    }

    private static IEnumerable<Finding> Certificates(string path, DateTimeOffset now)
    {
        if (path.Length == 0)
            return [];
        var folder = new CertificateFolder(path);
        try
        {
            var (authority, nodes) = folder.ReadAll();
            return
            [
                Validity("authority", authority, "make another with 'actortrain cluster init', and certificates of it for all processes"),
                .. nodes.Select(node => !node.IsOfAuthority
                    ? new Finding($"certificate of {node.Peer.Name}", $"not signed by {folder.Authority}", FindingState.Bad,
                        "copy both from the folder where they were made")
                    : Validity($"certificate of {node.Peer.Name}", node.Peer.NotAfter,
                        $"renew it with 'actortrain cluster cert {node.Peer.Name} --renew'")),
            ];
        }
        catch (UserErrorException exception)
        {
            return [new Finding("certificates", exception.Message, FindingState.Bad)];
        }

        Finding Validity(string name, DateTimeOffset until, string fix)
        {
            var day = until.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            return until <= now ? new Finding(name, $"expired on {day}", FindingState.Bad, fix)
                : until - now < ShortestLeft ? new Finding(name, $"expires on {day}", FindingState.Warning, fix)
                : new Finding(name, $"valid until {day}", FindingState.Good);
        }
    }
}
