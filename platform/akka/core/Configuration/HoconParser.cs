using System.Text;

namespace Akka.Configuration.Hocon;

/// <summary>Reads HOCON: objects, lists, text, dotted and quoted names, comments, substitutions of paths and of environment variables.</summary>
internal sealed class HoconParser
{
    private readonly string source;
    private int at;

    private HoconParser(string source) => this.source = source;

    public static HoconValue Parse(string text)
    {
        var parser = new HoconParser(text);
        var root = new HoconNode();
        parser.SkipBlank();
        var braces = parser.Take('{');
        parser.ReadFields(root, braces ? '}' : '\0');
        parser.SkipBlank();
        if (parser.at < text.Length)
            throw parser.Bad("something follows the end of the outermost object");
        return new HoconResolver(root).Resolve();
    }

    /// <summary>Splits a path at its dots; quoted parts may hold dots.</summary>
    public static List<string> SplitPath(string path)
    {
        var names = new List<string>();
        var name = new StringBuilder();
        var quoted = false;
        foreach (var c in path)
        {
            if (c == '"')
                quoted = !quoted;
            else if (c == '.' && !quoted)
            {
                names.Add(name.ToString());
                name.Clear();
            }
            else
                name.Append(c);
        }
        names.Add(name.ToString());
        return names;
    }

    private void ReadFields(HoconNode into, char end)
    {
        while (true)
        {
            SkipBlank(commas: true);
            if (at >= source.Length)
            {
                if (end != '\0')
                    throw Bad("an object is not closed by `}`");
                return;
            }
            if (end != '\0' && Take(end))
                return;
            if (source[at] == '}')
                throw Bad("a `}` closes nothing");
            var path = ReadPath();
            SkipBlank();
            var bare = at < source.Length && source[at] == '{';
            var append = source.AsSpan(at).StartsWith("+=");
            if (append)
                at += 2;
            else if (at < source.Length && source[at] is '=' or ':')
                at++;
            else if (!bare)
                throw Bad($"after `{string.Join('.', path)}` a value is missing");
            SkipSpace(lines: true);
            into.Set(path, ReadValue(), append);
            if (bare && at < source.Length && source[at] == ',')
                throw Bad("no comma can follow an object that stands without `=`");
        }
    }

    private List<string> ReadPath()
    {
        var names = new List<string>();
        while (true)
        {
            SkipSpace(lines: false);
            names.Add(at < source.Length && source[at] == '"' ? ReadQuoted() : ReadBareName());
            SkipSpace(lines: false);
            if (!Take('.'))
                return names;
        }
    }

    private string ReadBareName()
    {
        var start = at;
        while (at < source.Length && source[at] is not ('.' or '=' or ':' or '{' or '}' or '[' or ']' or ',' or '\n' or '"' or '#')
            && !source.AsSpan(at).StartsWith("+="))
            at++;
        var name = source[start..at].Trim();
        return name.Length > 0 ? name : throw Bad("a name is missing");
    }

    /// <summary>One value: texts and substitutions that stand beside each other on a line become one text.</summary>
    private HoconNode ReadValue()
    {
        var parts = new List<HoconNode>();
        while (true)
        {
            var start = at;
            SkipSpace(lines: false);
            var gap = source[start..at];
            if (at >= source.Length || source[at] is ',' or '}' or ']' or '\n' or '#' || source.AsSpan(at).StartsWith("//"))
                break;
            if (gap.Length > 0 && parts.Count > 0)
                parts.Add(new HoconNode { Text = gap, Blank = true });
            parts.Add(ReadPart());
            if (parts.Count > 1 && parts.Exists(static part => part.Fields is not null || part.Items is not null))
                throw Bad("objects and lists cannot be joined to what stands beside them");
        }
        return parts.Count switch
        {
            0 => new HoconNode { Text = "" },
            1 => parts[0],
            _ => new HoconNode { Parts = parts },
        };
    }

    private HoconNode ReadPart()
    {
        if (Take('{'))
        {
            var inner = new HoconNode { Fields = new(StringComparer.Ordinal) };
            ReadFields(inner, '}');
            return inner;
        }
        if (Take('['))
            return new HoconNode { Items = ReadItems() };
        if (source[at] == '"')
            return new HoconNode { Text = ReadQuoted() };
        if (source.AsSpan(at).StartsWith("${"))
            return ReadSubstitution();
        var start = at;
        while (at < source.Length && source[at] is not (',' or '}' or ']' or '{' or '[' or '\n' or '\r' or ' ' or '\t' or '#' or '"' or '$')
            && !source.AsSpan(at).StartsWith("//"))
            at++;
        if (at == start)
            throw Bad($"`{source[at]}` cannot stand here");
        var text = source[start..at];
        return text == "null" ? new HoconNode { Nothing = true } : new HoconNode { Text = text };
    }

    private List<HoconNode> ReadItems()
    {
        var items = new List<HoconNode>();
        while (true)
        {
            SkipBlank(commas: true);
            if (at >= source.Length)
                throw Bad("a list is not closed by `]`");
            if (Take(']'))
                return items;
            items.Add(ReadValue());
        }
    }

    private HoconNode ReadSubstitution()
    {
        at += 2;
        if (Take('?'))
            throw Bad("a substitution cannot be optional");
        var end = source.IndexOf('}', at);
        if (end < 0)
            throw Bad("a `${` is not closed");
        var path = source[at..end].Trim();
        at = end + 1;
        return new HoconNode { Reference = SplitPath(path) };
    }

    private string ReadQuoted()
    {
        if (source.AsSpan(at).StartsWith("\"\"\""))
        {
            var close = source.IndexOf("\"\"\"", at + 3, StringComparison.Ordinal);
            if (close < 0)
                throw Bad("a text in three quotes is not closed");
            var raw = source[(at + 3)..close];
            at = close + 3;
            return raw;
        }
        var text = new StringBuilder();
        for (at++; at < source.Length && source[at] != '"'; at++)
        {
            if (source[at] == '\n')
                throw Bad("a text in quotes is not closed on its line");
            if (source[at] != '\\')
            {
                text.Append(source[at]);
                continue;
            }
            at++;
            if (at >= source.Length)
                break;
            if (source[at] == 'u' && at + 4 < source.Length)
            {
                text.Append((char)Convert.ToInt32(source.Substring(at + 1, 4), 16));
                at += 4;
                continue;
            }
            text.Append(source[at] switch
            {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'b' => '\b',
                'f' => '\f',
                var other => other,
            });
        }
        if (!Take('"'))
            throw Bad("a text in quotes is not closed");
        return text.ToString();
    }

    private void SkipSpace(bool lines)
    {
        while (at < source.Length && (source[at] is ' ' or '\t' or '\r' or '\uFEFF' || (lines && source[at] == '\n')))
            at++;
    }

    private void SkipBlank(bool commas = false)
    {
        while (at < source.Length)
        {
            if (char.IsWhiteSpace(source[at]) || source[at] == '\uFEFF' || (commas && source[at] == ','))
                at++;
            else if (source[at] == '#' || source.AsSpan(at).StartsWith("//"))
                at = source.IndexOf('\n', at) is var line and >= 0 ? line : source.Length;
            else
                return;
        }
    }

    private bool Take(char c)
    {
        if (at >= source.Length || source[at] != c)
            return false;
        at++;
        return true;
    }

    private ConfigurationException Bad(string what)
        => new($"Line {source.AsSpan(0, Math.Min(at, source.Length)).Count('\n') + 1} of the configuration: {what}.");
}
