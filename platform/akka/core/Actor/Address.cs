namespace Akka.Actor;

/// <summary>Where an actor system is: a protocol and a name, and for one that is reached over a network its host and port.</summary>
public sealed class Address : IEquatable<Address>, IComparable<Address>, IComparable
{
    /// <summary>An address that names nothing.</summary>
    public static readonly Address AllSystems = new("akka", "all-systems");

    private readonly string text;

    /// <summary>An address with or without a host and a port.</summary>
    public Address(string protocol, string system, string host = null, int? port = null)
    {
        Protocol = protocol;
        System = system;
        Host = host?.ToLowerInvariant();
        Port = port;
        var location = Host is null ? "" : "@" + Host;
        text = $"{protocol}://{system}{location}{(port is null ? "" : ":" + port.Value.ToString(global::System.Globalization.CultureInfo.InvariantCulture))}";
    }

    /// <summary>The host, or null for a system that is only local.</summary>
#nullable enable annotations
    public string? Host { get; }
#nullable restore annotations

    /// <summary>The port, or null for a system that is only local.</summary>
    public int? Port { get; }

    /// <summary>The name of the actor system.</summary>
    public string System { get; }

    /// <summary>The protocol, `akka` for a local system.</summary>
    public string Protocol { get; }

    /// <summary>Whether it names no host.</summary>
    public bool HasLocalScope => string.IsNullOrEmpty(Host);

    /// <summary>Whether it names a host.</summary>
    public bool HasGlobalScope => !HasLocalScope;

    /// <inheritdoc />
    public bool Equals(Address other) => other is not null && text == other.text;

    /// <inheritdoc />
    public override bool Equals(object obj) => obj is Address other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode() => text.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc />
    public int CompareTo(Address other) => other is null ? 1 : string.CompareOrdinal(text, other.text);

    /// <inheritdoc />
    public int CompareTo(object obj) => obj is Address other
        ? CompareTo(other)
        : throw new ArgumentException($"An address is compared with an address, not with {obj?.GetType().Name ?? "null"}.", nameof(obj));

    /// <summary>`protocol://system@host:port`.</summary>
    public override string ToString() => text;

    /// <summary>`system@host:port`, without the protocol.</summary>
    public string HostPort() => text[(Protocol.Length + 3)..];

    /// <summary>Reads `protocol://system@host:port`.</summary>
    /// <exception cref="UriFormatException">The text is no address.</exception>
    public static Address Parse(string address)
        => TryParse(address, out var parsed, out _) ? parsed : throw new UriFormatException($"`{address}` is no address of an actor system.");

    internal static bool TryParse(string text, out Address address, out string rest)
    {
        address = null;
        rest = "";
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme <= 0)
            return false;
        var end = text.IndexOf('/', scheme + 3);
        var authority = end < 0 ? text[(scheme + 3)..] : text[(scheme + 3)..end];
        rest = end < 0 ? "" : text[end..];
        var at = authority.IndexOf('@', StringComparison.Ordinal);
        if (at < 0)
        {
            if (authority.Length == 0)
                return false;
            address = new Address(text[..scheme], authority);
            return true;
        }
        var colon = authority.LastIndexOf(':');
        if (colon < at || !int.TryParse(authority[(colon + 1)..], out var port))
            return false;
        address = new Address(text[..scheme], authority[..at], authority[(at + 1)..colon], port);
        return true;
    }

    /// <summary>Whether two addresses are the same.</summary>
    public static bool operator ==(Address left, Address right) => Equals(left, right);

    /// <summary>Whether two addresses differ.</summary>
    public static bool operator !=(Address left, Address right) => !Equals(left, right);
}
