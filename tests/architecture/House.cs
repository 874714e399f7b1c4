using System.Reflection;
using System.Runtime.CompilerServices;
using NetArchTest.Rules;

namespace ActorTrain.Architecture.Tests;

/// <summary>The rooms of the house: assemblies, and the folders in them, which are their namespaces.</summary>
internal static class House
{
    public static Assembly Values { get; } = typeof(Models.UserErrorException).Assembly;

    public static Assembly Models { get; } = typeof(Models.Transformer).Assembly;

    public static Assembly Data { get; } = typeof(Data.Plan.BatchPlan).Assembly;

    public static Assembly Persistence { get; } = typeof(Persistence.Journal.RunEvent).Assembly;

    public static Assembly Actors { get; } = typeof(Actors.Protocol.IRunInput).Assembly;

    public static Assembly Host { get; } = Assembly.Load("actortrain");

    /// <summary>The folders of an assembly that hold types of ours.</summary>
    public static IReadOnlyList<string> FoldersOf(Assembly assembly) =>
        [.. assembly.GetTypes().Select(static type => type.Namespace).OfType<string>()
            .Where(static name => name.StartsWith("ActorTrain.", StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The sources of some rooms, each with its folder.</summary>
    public static IEnumerable<(string Folder, string Text)> Sources(params string[] rooms) =>
        from room in rooms
        from file in Directory.EnumerateFiles(Path.Combine(Root(), room), "*.cs", SearchOption.AllDirectories)
        select (Path.GetRelativePath(Root(), Path.GetDirectoryName(file)!), File.ReadAllText(file));

    /// <summary>The repository's folder.</summary>
    public static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));

    /// <summary>All that is loaded for an assembly once each of its calls was made: names of what it refers to, and what that refers to in
    /// turn, as far as it is ours.</summary>
    public static IReadOnlySet<string> ReachOf(Assembly assembly)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        Follow(assembly);
        return reached;

        void Follow(Assembly from)
        {
            foreach (var name in from.GetReferencedAssemblies().Where(name => reached.Add(name.Name!)))
            {
                if (name.Name!.StartsWith("ActorTrain.", StringComparison.Ordinal))
                    Follow(Assembly.Load(name));
            }
        }
    }

    /// <summary>Types of a folder that import another.</summary>
    public static IReadOnlyList<string> Importers(Assembly assembly, string folder, string imported)
    {
        var result = Types.InAssembly(assembly).That()
            .ResideInNamespaceMatching($"^{folder.Replace(".", "\\.", StringComparison.Ordinal)}$")
            .ShouldNot().HaveDependencyOn(imported).GetResult();
        return [.. result.FailingTypeNames ?? []];
    }

    /// <summary>Each folder of an assembly with those that it imports.</summary>
    public static Dictionary<string, List<string>> Imports(Assembly assembly)
    {
        var folders = FoldersOf(assembly);

        // A folder imports what lies in it anyway, and what it lies in: a folder and its parts are one room.
        return folders.ToDictionary(
            static folder => folder,
            folder => folders.Where(other => !IsWithin(other, folder) && !IsWithin(folder, other) && Importers(assembly, folder, other)
                .Count > 0).ToList());
    }

    private static bool IsWithin(string inner, string outer) => inner == outer || inner.StartsWith(outer + ".", StringComparison.Ordinal);
}
