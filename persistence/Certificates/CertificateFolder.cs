using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorTrain.Models;

namespace ActorTrain.Persistence.Certificates;

/// <summary>A folder of certificates: <c>ca.pem</c> of the authority, and of each node <c>NAME.pem</c> and <c>NAME-key.pem</c>. Only the
/// folder where certificates are made has <c>ca-key.pem</c>, too.</summary>
public sealed class CertificateFolder(string path)
{
    private const string AuthorityName = "ca";
    private const string KeySuffix = "-key";
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public string Path => path;

    /// <summary>File of the authority's certificate.</summary>
    public string Authority => FileOf(AuthorityName);

    /// <summary>File of the authority's private key.</summary>
    public string AuthorityKey => KeyOf(AuthorityName);

    /// <summary>Nodes whose certificate and key are here, in order.</summary>
    public IReadOnlyList<string> Names => !Directory.Exists(path) ? [] :
        [.. Directory.EnumerateFiles(path, $"*{KeySuffix}.pem")
            .Select(static file => System.IO.Path.GetFileName(file)[..^(KeySuffix.Length + ".pem".Length)])
            .Where(name => name != AuthorityName && File.Exists(FileOf(name))).Order(StringComparer.Ordinal)];

    /// <summary>File of a node's certificate.</summary>
    public string FileOf(string name) => System.IO.Path.Combine(path, $"{name}.pem");

    /// <summary>File of a node's private key.</summary>
    public string KeyOf(string name) => System.IO.Path.Combine(path, $"{name}{KeySuffix}.pem");

    /// <summary>Whether the files of a node of that name would be those of another.</summary>
    public static bool IsReserved(string name) =>
        name == AuthorityName || (name?.EndsWith(KeySuffix, StringComparison.Ordinal) ?? true);

    /// <summary>Reads all certificates of nodes, with or without their keys.</summary>
    /// <returns>When the authority expires; and whom each certificate names, and whether that authority has signed it.</returns>
    /// <exception cref="UserErrorException">There is no authority, or a certificate cannot be read.</exception>
    public (DateTimeOffset Authority, IReadOnlyList<(CertifiedPeer Peer, bool IsOfAuthority)> Nodes) ReadAll()
    {
        using var authority = Read(Authority);
        var nodes = new List<(CertifiedPeer, bool)>();
        foreach (var file in Directory.EnumerateFiles(path, "*.pem").Order(StringComparer.Ordinal))
        {
            if (IsReserved(System.IO.Path.GetFileNameWithoutExtension(file)))
                continue;
            using var certificate = Read(file);
            nodes.Add((CertifiedPeer.Of(certificate), !PeerCheck.Verify(certificate, authority, 0, null, authority.NotAfter).IsForeign));
        }

        return (authority.NotAfter, nodes);
    }

    /// <summary>Reads a certificate without its key.</summary>
    /// <exception cref="UserErrorException">It cannot be read.</exception>
    internal static X509Certificate2 Read(string file)
    {
        try
        {
            return X509Certificate2.CreateFromPem(File.ReadAllText(file));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"The certificate {file} cannot be read ({exception.Message.TrimEnd('.')}); create it with "
                + "'actortrain cluster', or name the folder that has it.", exception);
        }
        catch (CryptographicException exception)
        {
            throw new UserErrorException($"{file} is not a certificate in PEM format ({exception.Message.TrimEnd('.')}); copy it again.",
                exception);
        }
    }

    /// <summary>Reads a private key that only its owner and group may read.</summary>
    /// <exception cref="UserErrorException">It cannot be read, or others may read it.</exception>
    internal static ECDsa ReadKey(string file)
    {
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
                throw new UserErrorException($"Every user of this machine may read the private key {file}; run: chmod 600 {file}");
            var key = ECDsa.Create();
            try
            {
                key.ImportFromPem(File.ReadAllText(file));
                return key;
            }
            catch
            {
                key.Dispose();
                throw;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"The private key {file} cannot be read ({exception.Message.TrimEnd('.')}); copy it there, or "
                + "start the process as a user who may read it.", exception);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new UserErrorException($"{file} is not a private key in PEM format ({exception.Message.TrimEnd('.')}); copy it again.",
                exception);
        }
    }

    /// <summary>Makes the folder, for its owner alone, unless it is there.</summary>
    internal static void Create(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else if (!Directory.Exists(path))
            Directory.CreateDirectory(path, Owner | UnixFileMode.UserExecute);
    }

    /// <summary>Writes a file as a whole; of a private key, only the owner may read it.</summary>
    internal static void Write(string file, string content, bool isKey)
    {
        var part = $"{file}.part";
        File.Delete(part);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = isKey ? Owner : Owner | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        using (var stream = new FileStream(part, options))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(content + "\n"));
            stream.Flush(flushToDisk: true);
        }

        File.Move(part, file, overwrite: true);
    }
}
