using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorTrain.Persistence.Certificates;

namespace ActorTrain.Actors.Security;

/// <summary>TLS 1.3 between processes of a cluster, in which both sides present certificates of its authority.</summary>
/// <remarks>No session is resumed, so each connection is checked with the files as they are then. What takes too long is ended by the
/// caller, who closes the stream.</remarks>
public sealed class PeerSecurity(NodeCredentials credentials)
{
    // Certificates name processes, not hosts, so any name will do.
    private const string TargetHost = "actortrain";

    public NodeCredentials Credentials => credentials;

    /// <summary>Of what a process must be allowed to do one, whose connection is accepted.</summary>
    public NodeRoles Admits { get; init; } = NodeRoles.Worker | NodeRoles.Rollout;

    /// <summary>Secures a connection that was accepted.</summary>
    /// <param name="stream">Owned from now on.</param>
    /// <exception cref="PeerException">The other side is not accepted, or did not accept this one.</exception>
    public SecuredPeer Accept(Stream stream, IPAddress from)
    {
        var handshake = new Handshake(credentials, Admits, from);
        return handshake.Run(stream, tls =>
        {
            tls.AuthenticateAsServer(handshake.AsServer());
            return Task.CompletedTask;
        }).GetAwaiter().GetResult();
    }

    /// <inheritdoc cref="Accept"/>
    public Task<SecuredPeer> AcceptAsync(Stream stream, IPAddress from, CancellationToken cancellation)
    {
        var handshake = new Handshake(credentials, Admits, from);
        return handshake.Run(stream, tls => tls.AuthenticateAsServerAsync(handshake.AsServer(), cancellation));
    }

    /// <summary>Secures a connection that was made, to a process that may lead.</summary>
    /// <inheritdoc cref="Accept"/>
    public SecuredPeer Connect(Stream stream, IPAddress to)
    {
        var handshake = new Handshake(credentials, NodeRoles.Control, to);
        return handshake.Run(stream, tls =>
        {
            tls.AuthenticateAsClient(handshake.AsClient());
            return Task.CompletedTask;
        }).GetAwaiter().GetResult();
    }

    /// <inheritdoc cref="Connect"/>
    public Task<SecuredPeer> ConnectAsync(Stream stream, IPAddress to, CancellationToken cancellation)
    {
        var handshake = new Handshake(credentials, NodeRoles.Control, to);
        return handshake.Run(stream, tls => tls.AuthenticateAsClientAsync(handshake.AsClient(), cancellation));
    }

    private sealed class Handshake(NodeCredentials credentials, NodeRoles wanted, IPAddress address)
    {
        private readonly LoadedCredentials own = credentials.Current();
        private PeerVerdict? verdict;

        public async Task<SecuredPeer> Run(Stream stream, Func<SslStream, Task> shake)
        {
            var tls = new SslStream(stream, leaveInnerStreamOpen: false);
            try
            {
                await shake(tls).ConfigureAwait(false);
                return new SecuredPeer(tls, verdict?.Peer ?? throw new AuthenticationException("it presents no certificate"));
            }
            catch (Exception exception) when (verdict is { Refusal: { } refusal })
            {
                await tls.DisposeAsync().ConfigureAwait(false);
                throw new PeerException(refusal, exception) { Peer = verdict.Peer?.Name };
            }
            catch (Exception exception) when (exception is AuthenticationException or IOException or CryptographicException)
            {
                await tls.DisposeAsync().ConfigureAwait(false);
                throw new PeerException(
                    $"There was no TLS 1.3 handshake ({(exception.InnerException ?? exception).Message.TrimEnd('.')}).", exception);
            }
            catch
            {
                await tls.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }

        public SslServerAuthenticationOptions AsServer() => new()
        {
            ServerCertificate = own.Certificate,
            ClientCertificateRequired = true,
            EnabledSslProtocols = SslProtocols.Tls13,
            AllowTlsResume = false,
            RemoteCertificateValidationCallback = Check,
        };

        public SslClientAuthenticationOptions AsClient() => new()
        {
            TargetHost = TargetHost,
            ClientCertificates = [own.Certificate],
            LocalCertificateSelectionCallback = (_, _, _, _, _) => own.Certificate,
            EnabledSslProtocols = SslProtocols.Tls13,
            AllowTlsResume = false,
            RemoteCertificateValidationCallback = Check,
        };

        // What the system thinks of the certificate does not matter.
        private bool Check(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            verdict = own.Verify(certificate as X509Certificate2, wanted, address, credentials.Time.GetUtcNow());
            return verdict.Refusal is null;
        }
    }
}

/// <summary>A connection to a process that is who it says.</summary>
/// <param name="Stream">Encrypted.</param>
public sealed record SecuredPeer(SslStream Stream, CertifiedPeer Peer);
