using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorTrain.Models;

namespace ActorTrain.Persistence.Certificates;

/// <summary>The authority of a cluster: makes certificates that its processes prove with who they are.</summary>
/// <remarks>Keys are of the curve P-256. Each certificate says in its subject what its owner may do (OU) and what it is called
/// (CN).</remarks>
public static class CertificateAuthority
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    // The clocks of machines differ.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromHours(1);

    /// <summary>Makes a new authority.</summary>
    /// <exception cref="UserErrorException">There is one already, or the folder cannot be written.</exception>
    public static void Create(CertificateFolder folder, int days, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(folder);
        foreach (var file in (string[])[folder.Authority, folder.AuthorityKey])
        {
            if (Path.Exists(file))
                throw new UserErrorException($"{file} exists; certificates that it signed would be worthless with another. Choose another "
                    + "folder.");
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=actortrain cluster {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}", key,
            HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var certificate = request.CreateSelfSigned(now - ClockSkew, now.AddDays(days));
        Written(folder, () =>
        {
            CertificateFolder.Create(folder.Path);
            CertificateFolder.Write(folder.AuthorityKey, key.ExportPkcs8PrivateKeyPem(), isKey: true);
            CertificateFolder.Write(folder.Authority, certificate.ExportCertificatePem(), isKey: false);
        });
    }

    /// <summary>Makes a certificate for a node; with its former key where it is renewed, so that only one file changes.</summary>
    /// <param name="node">No roles: those of the former certificate, or a worker's. No hosts: those of the former, or all.</param>
    /// <param name="renew">Whether it replaces one of that name.</param>
    /// <param name="days">Cut to the days that the authority still has.</param>
    /// <returns>Whom it names, and until when.</returns>
    /// <exception cref="UserErrorException">There is no authority, or a certificate of that name is there, or none to renew.</exception>
    public static CertifiedPeer Issue(CertificateFolder folder, CertifiedPeer node, bool renew, int days, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(node);
        if (!File.Exists(folder.AuthorityKey))
            throw new UserErrorException($"There is no {folder.AuthorityKey}; run 'actortrain cluster init {folder.Path}' first, or name "
                + "the folder where that was done.");
        var (file, keyFile) = (folder.FileOf(node.Name), folder.KeyOf(node.Name));
        if (!renew && (Path.Exists(file) || Path.Exists(keyFile)))
            throw new UserErrorException($"There is a certificate for {node.Name} in {folder.Path} already; choose another name, or renew "
                + "it with --renew.");
        if (renew && !(File.Exists(file) && File.Exists(keyFile)))
            throw new UserErrorException($"There is no certificate for {node.Name} in {folder.Path} to renew; leave out --renew.");

        using var signing = CertificateFolder.ReadKey(folder.AuthorityKey);
        using var issuer = CertificateFolder.Read(folder.Authority);
        if (issuer.NotAfter <= now)
            throw new UserErrorException(string.Create(CultureInfo.InvariantCulture,
                $"{folder.Authority} expired on {issuer.NotAfter.ToUniversalTime():yyyy-MM-dd}; make another authority with "
                + $"'actortrain cluster init', and certificates of it for all nodes."));
        using var signer = Pair(issuer, signing, folder.Authority, folder.AuthorityKey);
        using var key = renew ? CertificateFolder.ReadKey(keyFile) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var end = now.AddDays(days);
        var until = end < issuer.NotAfter ? end : issuer.NotAfter;
        var begin = now - ClockSkew < issuer.NotBefore ? issuer.NotBefore : now - ClockSkew;
        using var former = renew ? CertificateFolder.Read(file) : null;
        var before = former is null ? null : CertifiedPeer.Of(former);
        node = node with
        {
            Roles = node.Roles != NodeRoles.None ? node.Roles : before?.Roles ?? NodeRoles.Worker,
            Hosts = node.Hosts.Count > 0 ? node.Hosts : before?.Hosts ?? [],
        };
        using var certificate = RequestOf(node, key, issuer).Create(signer, begin, until, RandomNumberGenerator.GetBytes(16));
        Written(folder, () =>
        {
            if (!renew)
                CertificateFolder.Write(keyFile, key.ExportPkcs8PrivateKeyPem(), isKey: true);
            CertificateFolder.Write(file, certificate.ExportCertificatePem(), isKey: false);
        });
        return CertifiedPeer.Of(certificate);
    }

    /// <summary>Joins a certificate and its key.</summary>
    /// <exception cref="UserErrorException">The key is another's.</exception>
    internal static X509Certificate2 Pair(X509Certificate2 certificate, ECDsa key, string file, string keyFile)
    {
        try
        {
            return certificate.CopyWithPrivateKey(key);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or CryptographicException)
        {
            throw new UserErrorException($"{keyFile} is not the private key of {file}; copy both again.", exception);
        }
    }

    private static CertificateRequest RequestOf(CertifiedPeer node, ECDsa key, X509Certificate2 issuer)
    {
        var request = new CertificateRequest(node.Subject(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication), new Oid(ClientAuthentication)], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false));
        if (node.Hosts.Count > 0)
        {
            var hosts = new SubjectAlternativeNameBuilder();
            foreach (var host in node.Hosts)
                hosts.AddIpAddress(host);
            request.CertificateExtensions.Add(hosts.Build());
        }

        return request;
    }

    private static void Written(CertificateFolder folder, Action write)
    {
        try
        {
            write();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{folder.Path} cannot be written ({exception.Message.TrimEnd('.')}); choose another folder.",
                exception);
        }
    }
}
