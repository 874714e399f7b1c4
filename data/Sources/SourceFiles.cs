using ActorTrain.Models;

namespace ActorTrain.Data.Sources;

/// <summary>Finds the files that files, folders and globs stand for.</summary>
/// <remarks>The order is that of the inputs and, within one, the ordinal order of the paths; so it is the same on every machine.
/// A file named twice is read once. In folders, names that begin with a dot and files without a known ending are passed over;
/// what a glob or a name points at is read whatever its ending.</remarks>
public static class SourceFiles
{
    private static readonly char[] Wildcards = ['*', '?'];

    /// <summary>Lists the files of the inputs, and those of their folders that are passed over.</summary>
    /// <exception cref="UserErrorException">An input is missing, stands for no file, or cannot be listed.</exception>
    public static (IReadOnlyList<SourceFile> Files, IReadOnlyList<string> PassedOver) Find(IEnumerable<string> inputs)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var files = new List<SourceFile>();
        var passedOver = new List<string>();
        foreach (var input in inputs)
        {
            try
            {
                var unseen = FilesOf(input, passedOver).Where(path => seen.Add(Path.GetFullPath(path)));
                files.AddRange(unseen.Select(static path => new SourceFile(path, new FileInfo(path).Length)));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new UserErrorException($"Cannot list {input}: {error.Message}", error);
            }
        }

        return (files, [.. passedOver.Where(path => seen.Add(Path.GetFullPath(path)))]);
    }

    /// <summary>Files counted by their endings, the first of them by name.</summary>
    public static string Describe(IReadOnlyCollection<string> files)
    {
        const int Named = 5;
        var endings = files.CountBy(EndingOf).OrderByDescending(static pair => pair.Value)
            .ThenBy(static pair => pair.Key, StringComparer.Ordinal).ToArray();
        return $"{string.Join(", ", endings.Take(Named).Select(static pair => $"{pair.Value} {pair.Key}"))}"
            + $"{(endings.Length > Named ? $" and {endings.Length - Named} other extensions" : "")}: "
            + $"{string.Join(", ", files.Take(Named))}{(files.Count > Named ? $" and {files.Count - Named} more" : "")}";
    }

    private static string EndingOf(string path) => Path.GetExtension(path) is { Length: > 0 } ending ? ending : "without an extension";

    private static string[] FilesOf(string input, List<string> passedOver)
    {
        if (File.Exists(input))
            return [input];
        if (Directory.Exists(input))
            return InFolder(input, passedOver);
        if (input.IndexOfAny(Wildcards) >= 0)
            return Matching(input);
        throw new UserErrorException($"{input} does not exist: name a file, a folder or a glob with --input.");
    }

    private static string[] InFolder(string folder, List<string> passedOver)
    {
        var byKnown = Walk(folder).Order(StringComparer.Ordinal).ToLookup(SourceFile.IsKnown);
        passedOver.AddRange(byKnown[false]);
        return byKnown[true].Any() ? [.. byKnown[true]]
            : throw new UserErrorException(
                $"The folder {folder} holds no text{(byKnown[false].Any() ? $" among {Describe([.. byKnown[false]])}" : "")}; "
                + $"a folder is searched for {string.Join(", ", SourceFile.KnownEndings)}, each with or without .gz: "
                + $"name other files with a glob.");
    }

    private static string[] Matching(string glob)
    {
        var pattern = new Glob(glob);
        var found = Directory.Exists(pattern.Root)
            ? Walk(pattern.Root).Where(pattern.Matches).Order(StringComparer.Ordinal).ToArray()
            : [];
        return found.Length > 0 ? found : throw new UserErrorException(
            $"The glob {glob} matches no file: quote it in the shell and check its spelling.");
    }

    private static IEnumerable<string> Walk(string folder)
    {
        var options =
            new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden, IgnoreInaccessible = false };
        return Directory.EnumerateFiles(folder, "*", options);
    }
}
