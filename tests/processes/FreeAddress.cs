using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ActorTrain.Tests.Processes;

/// <summary>Addresses of this machine's loopback where nobody listened a moment ago.</summary>
public static class FreeAddress
{
    public static IPEndPoint Find() => Several(1)[0];

    /// <summary>As in a run file.</summary>
    public static string FindText() => Text(Find());

    public static string[] FindTexts(int count) => [.. Several(count).Select(Text)];

    private static string Text(IPEndPoint address) => string.Create(CultureInfo.InvariantCulture, $"{address}");

    private static IPEndPoint[] Several(int count)
    {
        // All at once, so that they differ.
        var listeners = Enumerable.Range(0, count).Select(static _ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(static listener => listener.Start());
        IPEndPoint[] free = [.. listeners.Select(static listener => (IPEndPoint)listener.LocalEndpoint)];
        listeners.ForEach(static listener => listener.Stop());
        return free;
    }
}
