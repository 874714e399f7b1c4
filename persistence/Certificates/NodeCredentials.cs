using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using ActorTrain.Models;

namespace ActorTrain.Persistence.Certificates;

/// <summary>The certificate and key of this process, and the authority that it trusts: read again for each connection, so that they can
/// be renewed while it runs.</summary>
public sealed class NodeCredentials
{
    private static readonly TimeSpan ShortestLeft = TimeSpan.FromDays(14);

    private readonly CertificateFolder folder;
    private readonly Lock gate = new();
    private (string Authority, string Certificate) read;
    private LoadedCredentials? loaded;

    /// <param name="name">Null for the only certificate with a key in the folder.</param>
    /// <param name="needed">What this process is to do.</param>
    /// <exception cref="UserErrorException">There is none, it cannot be read, or it is not for that.</exception>
    public NodeCredentials(string folder, string? name, NodeRoles needed, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        this.folder = new CertificateFolder(Path.GetFullPath(folder));
        Time = time;
        Name = name ?? OnlyName();
        var own = Current();
        if (PeerCheck.Verify(own.Certificate, own.Authority, needed, null, time.GetUtcNow()) is { Refusal: { } refusal } verdict)
        {
            throw new UserErrorException(verdict.IsForeign
                ? $"{this.folder.FileOf(Name)} is not signed by {this.folder.Authority}; copy both from the folder where they were made."
                : refusal);
        }

        Own = CertifiedPeer.Of(own.Certificate);
        if (Own.Name != Name)
            throw new UserErrorException($"{this.folder.FileOf(Name)} is the certificate of {Own.Name}; give both of its files that name.");
    }

    /// <summary>Of the certificate, and of its files.</summary>
    public string Name { get; }

    /// <summary>Whom the certificate named that was there at the start.</summary>
    public CertifiedPeer Own { get; }

    public string Folder => folder.Path;

    public TimeProvider Time { get; }

    /// <summary>What to tell the user at the start; null if the certificate is valid for long enough.</summary>
    public string? Warning => Own.NotAfter - Time.GetUtcNow() > ShortestLeft ? null : string.Create(CultureInfo.InvariantCulture,
        $"the certificate of {Name} expires on {Own.NotAfter.UtcDateTime:yyyy-MM-dd}; renew it with 'actortrain cluster cert {Name} "
        + $"--renew'");

    /// <summary>Reads them; where that fails, those that were read last.</summary>
    /// <exception cref="UserErrorException">They were never read.</exception>
    public LoadedCredentials Current()
    {
        lock (gate)
        {
            try
            {
                var now = (File.ReadAllText(folder.Authority), File.ReadAllText(folder.FileOf(Name)));
                if (loaded is null || now != read)
                    (loaded, read) = (Load(), now);
            }
            catch (Exception exception) when (loaded is not null
                && exception is UserErrorException or IOException or UnauthorizedAccessException)
            {
                // They are being replaced, and are whole soon.
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // For its sentence.
                loaded = Load();
            }

            return loaded!;
        }
    }

    private LoadedCredentials Load()
    {
        var authority = CertificateFolder.Read(folder.Authority);
        var (file, keyFile) = (folder.FileOf(Name), folder.KeyOf(Name));
        using var certificate = CertificateFolder.Read(file);
        using var key = CertificateFolder.ReadKey(keyFile);
        return new LoadedCredentials(CertificateAuthority.Pair(certificate, key, file, keyFile), authority);
    }

    private string OnlyName() => folder.Names switch
    {
        [var only] => only,
        [] => throw new UserErrorException($"{folder.Path} has no certificate with its private key; create one with "
            + "'actortrain cluster cert', and copy ca.pem, NAME.pem and NAME-key.pem there."),
        var several => throw new UserErrorException($"{folder.Path} has {several.Count} certificates ({string.Join(", ", several)}); "
            + "choose one with --certificate, or nodes.certificate for the process that leads."),
    };
}

/// <summary>Stay valid while a connection uses them.</summary>
/// <param name="Certificate">With its private key.</param>
public sealed record LoadedCredentials(X509Certificate2 Certificate, X509Certificate2 Authority)
{
    /// <summary>As <see cref="PeerCheck.Verify"/>.</summary>
    public PeerVerdict Verify(X509Certificate2? other, NodeRoles wanted, IPAddress? address, DateTimeOffset now) =>
        PeerCheck.Verify(other, Authority, wanted, address, now);
}
