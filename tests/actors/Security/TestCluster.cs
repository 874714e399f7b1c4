using System.Net;
using ActorTrain.Actors.Security;
using ActorTrain.Persistence.Certificates;

namespace ActorTrain.Actors.Tests.Security;

/// <summary>Certificates of a cluster, made for one test.</summary>
internal sealed class TestCluster : IDisposable
{
    private readonly string path = Directory.CreateTempSubdirectory("actortrain-").FullName;

    public TestCluster()
    {
        Folder = new CertificateFolder(Path.Combine(path, "certificates"));
        CertificateAuthority.Create(Folder, 100, TimeProvider.System.GetUtcNow());
    }

    public CertificateFolder Folder { get; }

    /// <summary>What a process uses that has a new certificate.</summary>
    public PeerSecurity Of(string name, NodeRoles roles = NodeRoles.Worker, params IPAddress[] hosts)
    {
        Issue(name, roles, hosts);
        return new PeerSecurity(new NodeCredentials(Folder.Path, name, roles, TimeProvider.System));
    }

    /// <summary>What a process uses whose certificate has expired, though not by its own clock.</summary>
    public PeerSecurity Expired(string name) => Misdated(name, issued: TimeSpan.FromDays(-1), clock: TimeSpan.FromMinutes(-30));

    /// <summary>What a process uses whose certificate is valid from tomorrow, or now by its own clock.</summary>
    public PeerSecurity OfTomorrow(string name) => Misdated(name, issued: TimeSpan.FromDays(1), clock: TimeSpan.FromDays(1));

    public void Issue(string name, NodeRoles roles, params IPAddress[] hosts) =>
        CertificateAuthority.Issue(Folder, new CertifiedPeer(name, roles, hosts, default), false, 10, TimeProvider.System.GetUtcNow());

    public void Dispose() => Directory.Delete(path, recursive: true);

    private PeerSecurity Misdated(string name, TimeSpan issued, TimeSpan clock)
    {
        var now = TimeProvider.System.GetUtcNow();
        CertificateAuthority.Issue(Folder, new CertifiedPeer(name, NodeRoles.Worker, [], default), false, 1, now + issued);
        return new PeerSecurity(new NodeCredentials(Folder.Path, name, NodeRoles.Worker, new Fixed(now + clock)));
    }

    private sealed class Fixed(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
