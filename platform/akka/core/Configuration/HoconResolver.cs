namespace Akka.Configuration.Hocon;

/// <summary>A value before its substitutions are filled in.</summary>
internal sealed class HoconNode
{
    public string Text;
    public bool Blank;
    public bool Nothing;
    public List<HoconNode> Items;
    public List<HoconNode> Parts;
    public Dictionary<string, HoconNode> Fields;
    public List<string> Reference;

    /// <summary>What the name stood for before; a reference to itself means that.</summary>
    public HoconNode Before;

    public void Set(List<string> path, HoconNode value, bool append)
    {
        Fields ??= new(StringComparer.Ordinal);
        var into = this;
        foreach (var name in path.Take(path.Count - 1))
        {
            if (!into.Fields.TryGetValue(name, out var next) || next.Fields is null)
                into.Fields[name] = next = new HoconNode { Fields = new(StringComparer.Ordinal), Before = next };
            into = next;
        }
        var last = path[^1];
        into.Fields.TryGetValue(last, out var old);
        if (append)
            value = new HoconNode { Parts = old is null ? [new HoconNode { Items = [value] }] : [old, new HoconNode { Items = [value] }] };
        if (old?.Fields is not null && value.Fields is not null)
        {
            foreach (var (name, inner) in value.Fields)
                old.Set([name], inner, append: false);
            return;
        }
        value.Before ??= old;
        into.Fields[last] = value;
    }
}

/// <summary>Fills in the substitutions.</summary>
internal sealed class HoconResolver(HoconNode root)
{
    private readonly HashSet<HoconNode> open = [];

    public HoconValue Resolve() => Resolve(new HoconNode { Fields = root.Fields ?? [] });

    private HoconValue Resolve(HoconNode node)
    {
        if (node.Nothing)
            return HoconValue.Null;
        if (node.Text is not null)
            return new HoconValue(node.Text);
        if (node.Items is not null)
            return new HoconValue([.. node.Items.Select(Resolve).Where(item => item is not null)]);
        if (node.Fields is not null)
            return ResolveFields(node);
        if (!open.Add(node))
            return node.Before is null ? throw new ConfigurationException("The configuration has a substitution that leads to itself.") : Resolve(node.Before);
        try
        {
            return node.Reference is not null ? Follow(node) : Join(node);
        }
        finally
        {
            open.Remove(node);
        }
    }

    private HoconValue ResolveFields(HoconNode node)
    {
        var fields = new Dictionary<string, HoconValue>(StringComparer.Ordinal);
        foreach (var (name, inner) in node.Fields)
        {
            if (Resolve(inner) is { } value)
                fields[name] = value;
        }
        var own = new HoconValue(fields);
        // An object after a substitution that gives an object extends it.
        return node.Before is { Text: null, Items: null } before ? HoconValue.Merge(own, Resolve(before)) : own;
    }

    private HoconValue Follow(HoconNode node)
    {
        var target = root;
        foreach (var name in node.Reference)
            target = target?.Fields?.GetValueOrDefault(name);
        if (target is not null && Resolve(target) is { } found)
            return found;
        var path = string.Join('.', node.Reference);
        if (Environment.GetEnvironmentVariable(path) is { } variable)
            return new HoconValue(variable);
        throw new ConfigurationException($"The configuration has no `{path}` for `${{{path}}}`.");
    }

    private HoconValue Join(HoconNode node)
    {
        var parts = node.Parts.Where(part => !part.Blank).Select(Resolve).Where(part => part is not null).ToList();
        if (parts.Count > 0 && parts.TrueForAll(part => part.IsObject()))
            return parts.Aggregate((under, over) => HoconValue.Merge(over, under));
        if (parts.Count > 0 && parts.TrueForAll(part => part.IsArray()))
            return new HoconValue([.. parts.SelectMany(part => part.GetArray())]);
        return new HoconValue(string.Concat(node.Parts.Select(part => part.Blank ? part.Text : Resolve(part)?.GetString())));
    }
}
