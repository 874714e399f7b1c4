using System.Globalization;
using System.Text;

namespace Akka.Configuration.Hocon;

/// <summary>A node of a configuration: text, a list or an object of further nodes.</summary>
public sealed class HoconValue
{
    private readonly string text;
    private readonly List<HoconValue> list;
    private readonly Dictionary<string, HoconValue> fields;
    private readonly bool isNull;

    internal HoconValue(string text) => this.text = text;

    internal HoconValue(List<HoconValue> list) => this.list = list;

    internal HoconValue(Dictionary<string, HoconValue> fields) => this.fields = fields;

    private HoconValue(bool isNull) => this.isNull = isNull;

    /// <summary>Whether it holds nothing.</summary>
    public bool IsEmpty => isNull || fields is { Count: 0 };

    internal static HoconValue Null { get; } = new(true);

    internal bool IsNull => isNull;

    internal Dictionary<string, HoconValue> Fields => fields;

    /// <summary>Whether it is text, a number or a truth value.</summary>
    public bool IsString() => text is not null;

    /// <summary>Whether it is a list, or an object with numbers for names.</summary>
    public bool IsArray() => list is not null;

    /// <summary>Whether it is an object.</summary>
    public bool IsObject() => fields is not null;

    /// <summary>The text, or null for a list or an object.</summary>
    public string GetString() => text;

    /// <summary>The items of a list; none for anything else.</summary>
    public IList<HoconValue> GetArray() => list ?? [];

    /// <summary>The items of a list as text.</summary>
    public IList<string> GetStringList() => [.. GetArray().Select(item => item.GetString())];

    /// <summary>The value of a name of an object, or null.</summary>
    public HoconValue GetChildObject(string key) => fields?.GetValueOrDefault(key);

    /// <summary>The value as configuration text.</summary>
    public override string ToString() => Write(new StringBuilder(), 0).ToString();

    internal static HoconValue Merge(HoconValue over, HoconValue under)
    {
        if (over is null)
            return under;
        if (under?.fields is null || over.fields is null)
            return over;
        var merged = new Dictionary<string, HoconValue>(under.fields, StringComparer.Ordinal);
        foreach (var (name, value) in over.fields)
            merged[name] = Merge(value, merged.GetValueOrDefault(name));
        return new HoconValue(merged);
    }

    internal HoconValue At(IEnumerable<string> path)
    {
        var at = this;
        foreach (var name in path)
        {
            if (at.fields is null || !at.fields.TryGetValue(name, out at))
                return null;
        }
        return at.isNull ? null : at;
    }

    private StringBuilder Write(StringBuilder into, int depth)
    {
        if (text is not null)
            return into.Append('"').Append(text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
                .Replace("\n", "\\n", StringComparison.Ordinal)).Append('"');
        if (list is not null)
        {
            into.Append('[');
            for (var i = 0; i < list.Count; i++)
                list[i].Write(i == 0 ? into : into.Append(", "), depth);
            return into.Append(']');
        }
        if (fields is null)
            return into.Append("null");
        if (depth > 0)
            into.Append("{\n");
        foreach (var (name, value) in fields)
        {
            into.Append(' ', 2 * depth).Append(CultureInfo.InvariantCulture, $"{Quoted(name)} : ");
            value.Write(into, depth + 1).Append('\n');
        }
        return depth > 0 ? into.Append(' ', 2 * (depth - 1)).Append('}') : into;
    }

    private static string Quoted(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? name : $"\"{name}\"";
}
