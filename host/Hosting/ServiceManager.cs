using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace ActorTrain.Host.Hosting;

/// <summary>The service manager that has started this process, such as systemd; told by datagrams, as sd_notify(3) describes.</summary>
internal sealed class ServiceManager : IDisposable
{
    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly UnixDomainSocketEndPoint address;

    private ServiceManager(string path, TimeSpan? watchdog)
    {
        address = new UnixDomainSocketEndPoint(path[0] == '@' ? $"\0{path[1..]}" : path);
        Watchdog = watchdog;
    }

    /// <summary>The longest time between two signs of life; null if it expects none.</summary>
    public TimeSpan? Watchdog { get; }

    /// <param name="variable">The value of an environment variable.</param>
    /// <returns>Null if nobody wants to be told.</returns>
    public static ServiceManager? Find(Func<string, string?> variable)
    {
        if (variable("NOTIFY_SOCKET") is not { Length: > 1 } path || path[0] is not ('/' or '@'))
            return null;
        var isMeant = variable("WATCHDOG_PID") is not { } process || process == $"{Environment.ProcessId}";
        var expects = long.TryParse(variable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
            && microseconds > 0;
        return new ServiceManager(path, isMeant && expects ? TimeSpan.FromMicroseconds(microseconds) : null);
    }

    /// <summary>Tells it, if it is there.</summary>
    /// <param name="assignments">Such as <c>READY=1</c>.</param>
    public void Tell(params ReadOnlySpan<string> assignments)
    {
        try
        {
            socket.SendTo(Encoding.UTF8.GetBytes(string.Join('\n', assignments)), address);
        }
        catch (SocketException)
        {
            // It starts this process again if it misses a sign of life; nothing else depends on it.
        }
    }

    public void Dispose() => socket.Dispose();
}
