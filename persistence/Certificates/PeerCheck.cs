using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace ActorTrain.Persistence.Certificates;

/// <summary>Whether the certificate that the other side of a connection has presented is accepted.</summary>
public static class PeerCheck
{
    /// <summary>Checks a certificate: signed by this very authority, valid now, for one of some roles, at that address.</summary>
    /// <param name="certificate">Null if none was presented. That its owner has the key is proved by the handshake, not here.</param>
    /// <param name="authority">The only one that is trusted; the system's are not.</param>
    /// <param name="address">Of the other side; null if it does not matter.</param>
    public static PeerVerdict Verify(X509Certificate2? certificate, X509Certificate2 authority, NodeRoles wanted, IPAddress? address,
        DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(authority);
        if (certificate is null)
            return new PeerVerdict(null, "It presents no certificate.") { IsForeign = true };
        if (!IsSigned(certificate, authority))
            return new PeerVerdict(null, $"Its certificate ({certificate.Subject}) is not of this cluster: another authority signed it.")
            { IsForeign = true };
        var peer = CertifiedPeer.Of(certificate);
        return new PeerVerdict(peer, Refusal(peer, certificate, authority, wanted, address, now));
    }

    private static string? Refusal(CertifiedPeer peer, X509Certificate2 certificate, X509Certificate2 authority, NodeRoles wanted,
        IPAddress? address, DateTimeOffset now)
    {
        if (now > authority.NotAfter)
            return $"The authority of the cluster expired on {Day(authority.NotAfter)}; make another with 'actortrain cluster init', and "
                + "certificates of it for all nodes.";
        if (now > certificate.NotAfter)
            return $"The certificate of {peer.Name} expired on {Day(certificate.NotAfter)}; renew it with 'actortrain cluster cert "
                + $"{peer.Name} --renew', and copy it to {peer.Name}.";
        if (now < certificate.NotBefore)
            return $"The certificate of {peer.Name} is not valid before {Day(certificate.NotBefore)}; set the clocks of both machines.";
        if (!peer.May(wanted))
        {
            return $"The certificate of {peer.Name} is for {Listed(peer.Roles)}, but {Listed(wanted)} is needed; use another, or renew it "
                + $"with 'actortrain cluster cert {peer.Name} --renew --role {CertifiedPeer.Words(wanted)[0]}'.";
        }

        return address is not null && peer.Hosts.Count > 0 && !peer.Hosts.Contains(Plain(address))
            ? $"The certificate of {peer.Name} holds at {string.Join(", ", peer.Hosts)}, but {peer.Name} is at {Plain(address)}; "
                + $"renew it with 'actortrain cluster cert {peer.Name} --renew --host {Plain(address)}'."
            : null;
    }

    private static bool IsSigned(X509Certificate2 certificate, X509Certificate2 authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;

        // Times have sentences of their own.
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        return chain.Build(certificate) && chain.ChainElements is [_, var root] && root.Certificate.RawDataMemory.Span
            .SequenceEqual(authority.RawDataMemory.Span);
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static string Listed(NodeRoles roles) => roles == NodeRoles.None ? "no role" : string.Join(" or ", CertifiedPeer.Words(roles));

    private static string Day(DateTime time) =>
        time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC";
}

/// <param name="Peer">Whom the authority has certified; null if it did not.</param>
/// <param name="Refusal">A sentence; null if it is accepted.</param>
public sealed record PeerVerdict(CertifiedPeer? Peer, string? Refusal)
{
    /// <summary>Whether it has no certificate of this cluster at all.</summary>
    public bool IsForeign { get; init; }
}
