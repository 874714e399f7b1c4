using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace ActorTrain.Persistence.Certificates;

/// <summary>Whom a certificate names.</summary>
/// <param name="Hosts">The only addresses at which it holds; empty for all.</param>
public sealed record CertifiedPeer(string Name, NodeRoles Roles, IReadOnlyList<IPAddress> Hosts, DateTimeOffset NotAfter)
{
    private const string CommonName = "2.5.4.3";
    private const string OrganizationalUnit = "2.5.4.11";

    /// <summary>Whether it may do one of some things; who may lead may do all.</summary>
    public bool May(NodeRoles roles) => (Roles & (roles | NodeRoles.Control)) != 0;

    /// <summary>Reads who a certificate says it names; that says nothing of whether it is genuine.</summary>
    public static CertifiedPeer Of(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        var (name, roles) = ("", NodeRoles.None);
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (part.HasMultipleElements || part.GetSingleElementType().Value is not { } type)
                continue;
            if (type == CommonName)
                name = part.GetSingleElementValue() ?? "";
            else if (type == OrganizationalUnit)
                roles |= RoleOf(part.GetSingleElementValue());
        }

        return new CertifiedPeer(name, roles, Addresses(certificate), certificate.NotAfter);
    }

    /// <summary>The words of the roles in a certificate.</summary>
    public static IReadOnlyList<string> Words(NodeRoles roles) =>
        [.. Enum.GetValues<NodeRoles>().Where(role => role != NodeRoles.None && roles.HasFlag(role)).Select(WordOf)];

    /// <summary>The role that a word names; none if it names no role.</summary>
    public static NodeRoles RoleOf(string? word) =>
        Enum.GetValues<NodeRoles>().FirstOrDefault(role => role != NodeRoles.None && WordOf(role) == word);

    internal X500DistinguishedName Subject()
    {
        var subject = new X500DistinguishedNameBuilder();
        foreach (var word in Words(Roles))
            subject.AddOrganizationalUnitName(word);
        subject.AddCommonName(Name);
        return subject.Build();
    }

    private static string WordOf(NodeRoles role) => role.ToString().ToLowerInvariant();

    private static List<IPAddress> Addresses(X509Certificate2 certificate)
    {
        try
        {
            return [.. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
                .SelectMany(static names => names.EnumerateIPAddresses())];
        }
        catch (Exception exception) when (exception is AsnContentException or System.Security.Cryptography.CryptographicException)
        {
            return [];
        }
    }
}
