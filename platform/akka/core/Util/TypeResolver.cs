namespace Akka.Util;

/// <summary>Finds types that a configuration names.</summary>
internal static class TypeResolver
{
    /// <summary>The type of a name, with or without an assembly; a short name is looked for in this assembly, then in all that are loaded.</summary>
    public static Type Find(string name)
    {
        if (Type.GetType(name, throwOnError: false) is { } found)
            return found;
        var comma = name.IndexOf(',', StringComparison.Ordinal);
        var bare = (comma < 0 ? name : name[..comma]).Trim();
        return typeof(TypeResolver).Assembly.GetType(bare)
            ?? AppDomain.CurrentDomain.GetAssemblies().Select(assembly => assembly.GetType(bare)).FirstOrDefault(type => type is not null);
    }

    public static Type Require(string name, string setting)
        => Find(name) ?? throw new Configuration.ConfigurationException($"`{setting}` names the type `{name}`, which is in no loaded assembly.");
}
