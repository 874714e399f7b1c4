using System.Net;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorTrain.Models;
using ActorTrain.Persistence.Certificates;

namespace ActorTrain.Persistence.Tests;

/// <summary>Certificates say who may do what, and nothing else is believed.</summary>
[SupportedOSPlatform("linux")]
public sealed class CertificateTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2030, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly IPAddress Home = IPAddress.Parse("10.0.0.7");
    private readonly TestDirectory directory = new();
    private readonly CertificateFolder folder;

    public CertificateTests()
    {
        folder = new CertificateFolder(directory.At("certificates"));
        CertificateAuthority.Create(folder, 3650, Now);
    }

    public void Dispose() => directory.Dispose();

    [Fact]
    public void A_certificate_of_the_authority_is_accepted_for_its_roles_alone()
    {
        Issue("gpu-1", NodeRoles.Worker | NodeRoles.Rollout);
        Issue("leader", NodeRoles.Control);
        var peer = Verdict("gpu-1", NodeRoles.Worker).Peer.ShouldNotBeNull();
        (peer.Name, peer.Roles, peer.Hosts.Count).ShouldBe(("gpu-1", NodeRoles.Worker | NodeRoles.Rollout, 0));
        peer.NotAfter.ShouldBe(Now.AddDays(30));
        Refusal("gpu-1", NodeRoles.Worker).ShouldBeNull();
        Refusal("gpu-1", NodeRoles.Rollout).ShouldBeNull();
        Refusal("gpu-1", NodeRoles.Control)
            .ShouldBe("The certificate of gpu-1 is for worker or rollout, but control is needed; use another, or renew it with "
                + "'actortrain cluster cert gpu-1 --renew --role control'.");

        // Who may lead may do all.
        Refusal("leader", NodeRoles.Control).ShouldBeNull();
        Refusal("leader", NodeRoles.Worker).ShouldBeNull();
        Issue("sampler", NodeRoles.Rollout);
        Refusal("sampler", NodeRoles.Worker).ShouldNotBeNull().ShouldContain("is for rollout, but worker is needed");
    }

    [Fact]
    public void A_certificate_that_has_expired_or_is_not_valid_yet_is_refused_with_its_date()
    {
        Issue("gpu-1", NodeRoles.Worker);
        Refusal("gpu-1", NodeRoles.Worker, Now.AddDays(30).AddMinutes(-1)).ShouldBeNull();
        Refusal("gpu-1", NodeRoles.Worker, Now.AddDays(30).AddMinutes(1)).ShouldBe("The certificate of gpu-1 expired on 2030-05-31 12:00 UTC; "
            + "renew it with 'actortrain cluster cert gpu-1 --renew', and copy it to gpu-1.");

        // Clocks may differ by an hour.
        Refusal("gpu-1", NodeRoles.Worker, Now.AddMinutes(-59)).ShouldBeNull();
        Refusal("gpu-1", NodeRoles.Worker, Now.AddMinutes(-61))
            .ShouldBe("The certificate of gpu-1 is not valid before 2030-05-01 11:00 UTC; set the clocks of both machines.");
        Refusal("gpu-1", NodeRoles.Worker, Now.AddDays(3651)).ShouldNotBeNull().ShouldStartWith("The authority of the cluster expired on ");
    }

    [Fact]
    public void A_certificate_of_another_authority_is_refused_whatever_it_says()
    {
        var other = new CertificateFolder(directory.At("other"));
        CertificateAuthority.Create(other, 3650, Now);
        CertificateAuthority.Issue(other, new CertifiedPeer("gpu-1", NodeRoles.Worker, [], default), false, 30, Now);
        using var foreign = CertificateOf(other, "gpu-1");
        using var authority = X509Certificate2.CreateFromPem(File.ReadAllText(folder.Authority));
        var verdict = PeerCheck.Verify(foreign, authority, NodeRoles.Worker, Home, Now);
        (verdict.IsForeign, verdict.Peer).ShouldBe((true, null));
        verdict.Refusal.ShouldNotBeNull().ShouldContain("another authority signed it");
        PeerCheck.Verify(null, authority, NodeRoles.Worker, Home, Now).ShouldBe(new PeerVerdict(null, "It presents no certificate.")
        { IsForeign = true });

        // Not by a node's key, nor by its own, nor is the authority itself a node.
        Issue("gpu-2", NodeRoles.Control);
        using var node = X509Certificate2.CreateFromPemFile(folder.FileOf("gpu-2"), folder.KeyOf("gpu-2"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("OU=control, CN=gpu-3", key, HashAlgorithmName.SHA256);
        using var self = request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(1));
        var generator = X509SignatureGenerator.CreateForECDsa(node.GetECDsaPrivateKey()!);
        using var byNode = request.Create(node.SubjectName, generator, Now.AddMinutes(-1), Now.AddDays(1), [1, 2, 3]);
        foreach (var forged in new[] { self, byNode })
            PeerCheck.Verify(forged, authority, NodeRoles.Worker, Home, Now).IsForeign.ShouldBeTrue(forged.Subject);
        PeerCheck.Verify(authority, authority, NodeRoles.Worker, Home, Now).Refusal.ShouldNotBeNull();
    }

    [Fact]
    public void A_certificate_may_hold_at_some_addresses_alone()
    {
        CertificateAuthority.Issue(folder, new CertifiedPeer("gpu-1", NodeRoles.Worker, [Home, IPAddress.Parse("fd00::7")], default), false,
            30, Now);
        Verdict("gpu-1", NodeRoles.Worker).Peer!.Hosts.ShouldBe([Home, IPAddress.Parse("fd00::7")]);
        At(Home).ShouldBeNull();
        At(IPAddress.Parse("fd00::7")).ShouldBeNull();
        At(Home.MapToIPv6()).ShouldBeNull();
        At(IPAddress.Parse("10.0.0.8"))
            .ShouldBe("The certificate of gpu-1 holds at 10.0.0.7, fd00::7, but gpu-1 is at 10.0.0.8; renew it with "
                + "'actortrain cluster cert gpu-1 --renew --host 10.0.0.8'.");

        // A renewed one has what it had, unless something else is given.
        var renewed = CertificateAuthority.Issue(folder, new CertifiedPeer("gpu-1", NodeRoles.None, [], default), true, 60, Now);
        (renewed.Roles, renewed.NotAfter).ShouldBe((NodeRoles.Worker, Now.AddDays(60)));
        renewed.Hosts.ShouldBe([Home, IPAddress.Parse("fd00::7")]);
        renewed = CertificateAuthority.Issue(folder, new CertifiedPeer("gpu-1", NodeRoles.Control, [Home], default), true, 60, Now);
        (renewed.Roles, renewed.Hosts.Single()).ShouldBe((NodeRoles.Control, Home));

        string? At(IPAddress address)
        {
            using var certificate = CertificateOf(folder, "gpu-1");
            using var authority = X509Certificate2.CreateFromPem(File.ReadAllText(folder.Authority));
            return PeerCheck.Verify(certificate, authority, NodeRoles.Worker, address, Now).Refusal;
        }
    }

    [Fact]
    public void Keys_are_for_their_owner_alone_and_nothing_is_overwritten()
    {
        Issue("gpu-1", NodeRoles.Worker);
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.GetUnixFileMode(folder.AuthorityKey).ShouldBe(owner);
        File.GetUnixFileMode(folder.KeyOf("gpu-1")).ShouldBe(owner);
        File.GetUnixFileMode(folder.Path).ShouldBe(owner | UnixFileMode.UserExecute);
        var before = Contents();
        Should.Throw<UserErrorException>(() => CertificateAuthority.Create(folder, 10, Now)).Message.ShouldContain("ca.pem exists");
        Should.Throw<UserErrorException>(() => Issue("gpu-1", NodeRoles.Worker)).Message.ShouldContain("--renew");
        Should.Throw<UserErrorException>(() => Issue("gpu-2", NodeRoles.Worker, renew: true)).Message.ShouldContain("leave out --renew");
        Contents().ShouldBe(before);

        // It ends with its authority at the latest.
        CertificateAuthority.Issue(folder, new CertifiedPeer("long", NodeRoles.Worker, [], default), false, 36_500, Now).NotAfter
            .ShouldBe(Now.AddDays(3650));
        File.Delete(folder.AuthorityKey);
        Should.Throw<UserErrorException>(() => Issue("gpu-2", NodeRoles.Worker)).Message.ShouldContain("actortrain cluster init");
    }

    [Fact]
    public void A_renewed_certificate_is_used_for_the_next_connection_and_a_damaged_one_is_not()
    {
        Issue("gpu-1", NodeRoles.Worker);
        var time = new At(Now);
        var credentials = new NodeCredentials(folder.Path, null, NodeRoles.Worker, time);
        (credentials.Name, credentials.Warning).ShouldBe(("gpu-1", null));
        var first = credentials.Current();
        credentials.Current().ShouldBeSameAs(first);
        time.Now = Now.AddDays(20);
        credentials.Warning.ShouldNotBeNull().ShouldContain("2030-05-31");
        CertificateAuthority.Issue(folder, new CertifiedPeer("gpu-1", NodeRoles.Worker, [], default), true, 30, time.Now);
        var next = credentials.Current();
        next.Certificate.NotAfter.ToUniversalTime().ShouldBe(Now.AddDays(50).UtcDateTime);
        next.Certificate.GetPublicKeyString().ShouldBe(first.Certificate.GetPublicKeyString());
        File.WriteAllText(folder.FileOf("gpu-1"), "half a certif");
        credentials.Current().ShouldBeSameAs(next);
        File.Delete(folder.FileOf("gpu-1"));
        credentials.Current().ShouldBeSameAs(next);
    }

    [Fact]
    public void What_is_wrong_with_the_files_is_said_in_a_sentence()
    {
        var time = new At(Now);
        Problem(directory.At("nothing"), null).ShouldContain("has no certificate with its private key");
        Problem(folder.Path, "gpu-1").ShouldContain("gpu-1.pem cannot be read");
        Issue("gpu-1", NodeRoles.Worker);
        Problem(folder.Path, null, NodeRoles.Control).ShouldContain("is for worker, but control is needed");
        Issue("gpu-2", NodeRoles.Control);
        Problem(folder.Path, null).ShouldContain("(gpu-1, gpu-2)");
        time.Now = Now.AddDays(31);
        Problem(folder.Path, "gpu-1").ShouldContain("expired on 2030-05-31");
        time.Now = Now;
        File.Copy(folder.KeyOf("gpu-1"), folder.KeyOf("gpu-2"), overwrite: true);
        Problem(folder.Path, "gpu-2").ShouldContain("gpu-2-key.pem is not the private key of");
        File.SetUnixFileMode(folder.KeyOf("gpu-1"), (UnixFileMode)0b110_100_100);
        Problem(folder.Path, "gpu-1").ShouldContain($"chmod 600 {folder.KeyOf("gpu-1")}");
        File.SetUnixFileMode(folder.KeyOf("gpu-1"), (UnixFileMode)0b110_000_000);
        File.Copy(folder.FileOf("gpu-1"), folder.FileOf("gpu-3"));
        File.Copy(folder.KeyOf("gpu-1"), folder.KeyOf("gpu-3"));
        Problem(folder.Path, "gpu-3").ShouldContain("gpu-3.pem is the certificate of gpu-1");
        File.Delete(folder.Authority);
        File.Delete(folder.AuthorityKey);
        CertificateAuthority.Create(folder, 10, Now);
        Problem(folder.Path, "gpu-1").ShouldContain("gpu-1.pem is not signed by");
        File.WriteAllText(folder.Authority, "no certificate");
        Problem(folder.Path, "gpu-1").ShouldContain("ca.pem is not a certificate in PEM format");
        File.WriteAllText(folder.KeyOf("gpu-1"), "no key");
        Problem(folder.Path, "gpu-1").ShouldNotBeNull();

        string Problem(string path, string? name, NodeRoles needed = NodeRoles.Worker) =>
            Should.Throw<UserErrorException>(() => new NodeCredentials(path, name, needed, time)).Message;
    }

    private CertifiedPeer Issue(string name, NodeRoles roles, bool renew = false) =>
        CertificateAuthority.Issue(folder, new CertifiedPeer(name, roles, [], default), renew, 30, Now);

    private PeerVerdict Verdict(string name, NodeRoles wanted, DateTimeOffset? at = null)
    {
        using var certificate = CertificateOf(folder, name);
        using var authority = X509Certificate2.CreateFromPem(File.ReadAllText(folder.Authority));
        return PeerCheck.Verify(certificate, authority, wanted, Home, at ?? Now);
    }

    private string? Refusal(string name, NodeRoles wanted, DateTimeOffset? at = null) => Verdict(name, wanted, at).Refusal;

    private static X509Certificate2 CertificateOf(CertificateFolder from, string name) =>
        X509Certificate2.CreateFromPem(File.ReadAllText(from.FileOf(name)));

    private List<string> Contents() => [.. Directory.EnumerateFiles(folder.Path).Order().Select(static file => file + File.ReadAllText(file))];

    private sealed class At(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
