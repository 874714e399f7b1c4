using System.Buffers;
using System.Text;

namespace Akka.Actor;

/// <summary>The place of an actor in the tree: the address of its system and the names from the root down.</summary>
/// <remarks>Two paths are equal when address and names are; the uid tells incarnations of one name apart and is not part of equality.</remarks>
public abstract class ActorPath : IEquatable<ActorPath>, IComparable<ActorPath>
{
    private static readonly SearchValues<char> AllowedInName = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.*$+:@&=,!~';()");

    private int hash;

    private protected ActorPath(Address address, ActorPath parent, string name, long uid)
    {
        Address = address;
        ParentOrNull = parent;
        Name = name;
        Uid = uid;
        Depth = parent is null ? 0 : parent.Depth + 1;
    }

    /// <summary>The address of the actor system.</summary>
    public Address Address { get; }

    /// <summary>The last name of the path; empty for the root.</summary>
    public string Name { get; }

    /// <summary>The number of this incarnation of the name; zero where it does not matter.</summary>
    public long Uid { get; }

    /// <summary>How many names lie between the root and the actor.</summary>
    public int Depth { get; }

#nullable enable annotations
    /// <summary>The path one level up; null for the root.</summary>
    public ActorPath? Parent => ParentOrNull;
#nullable restore annotations

    /// <summary>The root of the tree.</summary>
    public ActorPath Root
    {
        get
        {
            var path = this;
            while (path.ParentOrNull is not null)
                path = path.ParentOrNull;
            return path;
        }
    }

    /// <summary>The names from the root down.</summary>
    public IReadOnlyList<string> Elements
    {
        get
        {
            var names = new string[Depth];
            for (var path = this; path.ParentOrNull is not null; path = path.ParentOrNull)
                names[path.Depth - 1] = path.Name;
            return names;
        }
    }

    private ActorPath ParentOrNull { get; }

    /// <summary>The path of a child.</summary>
    public ActorPath Child(string childName)
    {
        var (name, uid) = SplitNameAndUid(childName);
        return string.IsNullOrEmpty(name) ? this : new ChildActorPath(this, name, uid);
    }

    /// <summary>The path of a child.</summary>
    public static ActorPath operator /(ActorPath path, string name) => path.Child(name);

    /// <summary>The path further down.</summary>
    public static ActorPath operator /(ActorPath path, IEnumerable<string> name) => name.Aggregate(path, (at, next) => at / next);

    /// <summary>The same path with the number of an incarnation.</summary>
    public ActorPath WithUid(long uid)
        => uid == Uid ? this : ParentOrNull is null ? new RootActorPath(Address, Name) : new ChildActorPath(ParentOrNull, Name, uid);

    /// <summary>The names from the root down, as in `/user/run`.</summary>
    public string ToStringWithoutAddress()
    {
        if (ParentOrNull is null)
            return "/";
        var text = new StringBuilder();
        foreach (var element in Elements)
            text.Append('/').Append(element);
        return text.ToString();
    }

    /// <summary>The path with an address in front; the path's own if that names a host.</summary>
    public string ToStringWithAddress(Address address) => (Address.HasGlobalScope ? Address : address) + ToStringWithoutAddress();

    /// <summary>The path with its own address in front.</summary>
    public string ToStringWithAddress() => Address + ToStringWithoutAddress();

    /// <summary>The path with the number of the incarnation.</summary>
    public string ToStringWithUid() => Uid == 0 ? ToStringWithAddress() : $"{ToStringWithAddress()}#{Uid}";

    /// <summary>The path in the form that goes over a network or into a file.</summary>
    public string ToSerializationFormat() => ToStringWithUid();

    /// <summary>The path in the form that goes over a network or into a file, with an address.</summary>
    public string ToSerializationFormatWithAddress(Address address) => Uid == 0 ? ToStringWithAddress(address) : $"{ToStringWithAddress(address)}#{Uid}";

    /// <inheritdoc />
    public override string ToString() => ToStringWithAddress();

    /// <inheritdoc />
    public bool Equals(ActorPath other)
    {
        if (ReferenceEquals(this, other))
            return true;
        if (other is null || Depth != other.Depth || !Address.Equals(other.Address))
            return false;
        ActorPath left = this, right = other;
        for (; left is not null; left = left.ParentOrNull, right = right.ParentOrNull)
        {
            if (ReferenceEquals(left, right))
                return true;
            if (left.Name != right.Name)
                return false;
        }
        return true;
    }

    /// <inheritdoc />
    public override bool Equals(object obj) => obj is ActorPath other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        if (hash == 0)
            hash = HashCode.Combine(ParentOrNull?.GetHashCode() ?? Address.GetHashCode(), Name);
        return hash;
    }

    /// <inheritdoc />
    public int CompareTo(ActorPath other)
    {
        if (other is null)
            return 1;
        if (Equals(other))
            return 0;
        var byAddress = Address.CompareTo(other.Address);
        return byAddress != 0 ? byAddress : string.CompareOrdinal(ToStringWithoutAddress(), other.ToStringWithoutAddress());
    }

    /// <summary>Whether two paths are the same.</summary>
    public static bool operator ==(ActorPath left, ActorPath right) => Equals(left, right);

    /// <summary>Whether two paths differ.</summary>
    public static bool operator !=(ActorPath left, ActorPath right) => !Equals(left, right);

    /// <summary>Whether a name may stand in a path: ASCII letters, digits and a few signs, not starting with `$`.</summary>
    public static bool IsValidPathElement(string s)
    {
        if (string.IsNullOrEmpty(s) || s[0] == '$')
            return false;
        var rest = s.AsSpan();
        while (rest.IndexOfAnyExcept(AllowedInName) is var at && at >= 0)
        {
            if (rest[at] != '%' || at + 2 >= rest.Length || !char.IsAsciiHexDigit(rest[at + 1]) || !char.IsAsciiHexDigit(rest[at + 2]))
                return false;
            rest = rest[(at + 3)..];
        }
        return true;
    }

    /// <summary>Reads a whole path, as in `akka://system/user/run`.</summary>
    /// <exception cref="UriFormatException">The text is no path.</exception>
    public static ActorPath Parse(string path)
        => TryParse(path, out var parsed) ? parsed : throw new UriFormatException($"`{path}` is no path of an actor.");

    /// <summary>Reads a whole path; false where the text is none.</summary>
#nullable enable annotations
    public static bool TryParse(string path, [global::System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ActorPath? actorPath)
#nullable restore annotations
    {
        actorPath = null;
        if (string.IsNullOrEmpty(path) || !Address.TryParse(path, out var address, out var rest))
            return false;
        actorPath = new RootActorPath(address);
        foreach (var name in rest.Split('/', StringSplitOptions.RemoveEmptyEntries))
            actorPath /= name;
        return true;
    }

    private static (string Name, long Uid) SplitNameAndUid(string text)
    {
        var mark = text.IndexOf('#', StringComparison.Ordinal);
        return mark >= 0 && long.TryParse(text.AsSpan(mark + 1), out var uid) ? (text[..mark], uid) : (text, 0);
    }
}

/// <summary>The root of the tree of an actor system.</summary>
public sealed class RootActorPath : ActorPath
{
    /// <summary>The root at an address.</summary>
    public RootActorPath(Address address, string name = "") : base(address, null, name, 0)
    {
    }
}

/// <summary>A path below the root.</summary>
public sealed class ChildActorPath : ActorPath
{
    /// <summary>The child of a path.</summary>
    public ChildActorPath(ActorPath parentPath, string name, long uid) : base(parentPath.Address, parentPath, name, uid)
    {
    }
}
