using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Control;

/// <summary>The Unix socket <c>control.sock</c> of a run, never accessible to other users, not even during creation.</summary>
internal static partial class ControlSocket
{
    private const int SocketLevel = 1, PeerCredentials = 17; // SOL_SOCKET, SO_PEERCRED of Linux
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Listens. Only the holder of the run's lock may call it, so an existing socket is that of a dead process, and is
    /// replaced.</summary>
    /// <exception cref="UserErrorException">A system error.</exception>
    public static Socket Listen(RunDirectory run)
    {
        if (!OperatingSystem.IsLinux())
            throw new UserErrorException("The control socket requires Linux; run `actortrain pretrain` there.");

        // Bound in a directory that only the owner may enter, then given its mode and its name, so that it is never open to others.
        var hidden = Path.Combine(run.Path, $".control-{Environment.ProcessId}");
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            if (Directory.Exists(hidden))
                Directory.Delete(hidden, recursive: true);
            Directory.CreateDirectory(hidden, Owner | UnixFileMode.UserExecute);
            using (var opened = OpenedDirectory.Open(hidden))
                socket.Bind(new UnixDomainSocketEndPoint(opened.NameOf(RunDirectory.ControlSocketName)));
            var bound = Path.Combine(hidden, RunDirectory.ControlSocketName);
            File.SetUnixFileMode(bound, Owner);
            socket.Listen(ControlApi.MaximumConnections);
            File.Move(bound, run.ControlSocket, overwrite: true);
            return socket;
        }
        catch (Exception exception) when (IsRefusal(exception))
        {
            socket.Dispose();
            throw new UserErrorException($"Cannot listen at {run.ControlSocket}: {ReasonOf(exception)}; change its "
                + $"permissions, or choose another run.output.", exception);
        }
        finally
        {
            if (Directory.Exists(hidden))
                Directory.Delete(hidden, recursive: true);
        }
    }

    /// <summary>Connects to the process that trains a run.</summary>
    /// <returns>Null if no process listens.</returns>
    /// <exception cref="UserErrorException">The socket belongs to another user, or may not be opened.</exception>
    public static Socket? Connect(RunDirectory run)
    {
        if (!File.Exists(run.ControlSocket))
            return null;
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            using var opened = OpenedDirectory.Open(run.Path);
            socket.Connect(new UnixDomainSocketEndPoint(opened.NameOf(RunDirectory.ControlSocketName)));
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionRefused
            or SocketError.AddressNotAvailable)
        {
            socket.Dispose();
            return null;
        }
        catch (Exception exception) when (IsRefusal(exception))
        {
            socket.Dispose();
            throw new UserErrorException($"Cannot connect to the run at {run.ControlSocket}: {ReasonOf(exception)}; "
                + $"only the user who started it may.", exception);
        }

        if (IsOwn(socket))
            return socket;
        socket.Dispose();
        throw new UserErrorException($"{run.ControlSocket} belongs to another user; only the user who started the run may connect to it.");
    }

    /// <summary>Whether the process at the other end belongs to this user, or to root.</summary>
    public static bool IsOwn(Socket socket)
    {
        Span<int> credentials = stackalloc int[3];
        var length = socket.GetRawSocketOption(SocketLevel, PeerCredentials, MemoryMarshal.AsBytes(credentials));
        return length == 12 && IsOwn((uint)credentials[1]);
    }

    /// <summary>Whether a user is this one, or root.</summary>
    internal static bool IsOwn(uint user) => user == 0 || user == EffectiveUser();

    // The address that a socket's exception names is another one: see OpenedDirectory.
    private static string ReasonOf(Exception exception) =>
        (exception is SocketException socket ? new SocketException((int)socket.SocketErrorCode) : exception).Message.TrimEnd('.');

    private static bool IsRefusal(Exception exception) =>
        exception is SocketException or IOException or UnauthorizedAccessException or Win32Exception;

    [LibraryImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial uint EffectiveUser();
}
