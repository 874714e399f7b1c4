using System.Data.Common;
using System.Globalization;

namespace ActorTrain.Chaos;

/// <summary>A proxy between a run and its PostgreSQL server that cuts all connections to simulate an outage, without any rights on the
/// server.</summary>
public sealed class DatabaseProxy : IDisposable
{
    private readonly LinkProxy link;

    public DatabaseProxy(string connection)
    {
        var given = new DbConnectionStringBuilder { ConnectionString = connection };
        var host = given.TryGetValue("Host", out var named) || given.TryGetValue("Server", out named) ? $"{named}" : "localhost";
        var port = given.TryGetValue("Port", out var number) ? int.Parse($"{number}", CultureInfo.InvariantCulture) : 5432;
        link = new LinkProxy(host, port);
        given.Remove("Server");
        given["Host"] = $"{link.Address.Address}";
        given["Port"] = link.Address.Port;
        Connection = given.ConnectionString;
    }

    /// <summary>Connection string of the same database through this proxy.</summary>
    public string Connection { get; }

    /// <summary>Cuts all connections and refuses new ones, or accepts them again.</summary>
    public void SetAway(bool away) => link.SetAway(away);

    public void Dispose() => link.Dispose();
}
