using ActorTrain.Models;

namespace ActorTrain.Data.Sources;

/// <summary>Finds the files that files, folders and globs stand for.</summary>
/// <remarks>The order is that of the inputs and, within one, the ordinal order of the paths; so it is the same on every machine.
/// A file named twice is read once. In folders, names that begin with a dot and files without a known ending are passed over;
/// what a glob or a name points at is read whatever its ending.</remarks>
public static class SourceFiles
{
    private static readonly char[] Wildcards = ['*', '?'];

    /// <summary>Lists the files of the inputs.</summary>
    /// <exception cref="UserErrorException">An input is missing, stands for no file, or cannot be listed.</exception>
    public static IReadOnlyList<SourceFile> Find(IEnumerable<string> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var files = new List<SourceFile>();
        foreach (var input in inputs)
        {
            try
            {
                var unseen = FilesOf(input).Where(path => seen.Add(Path.GetFullPath(path)));
                files.AddRange(unseen.Select(static path => new SourceFile(path, new FileInfo(path).Length)));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new UserErrorException($"{input} cannot be listed: {error.Message}", error);
            }
        }

        return files;
    }

    private static string[] FilesOf(string input)
    {
        if (File.Exists(input))
            return [input];
        if (Directory.Exists(input))
            return InFolder(input);
        if (input.IndexOfAny(Wildcards) >= 0)
            return Matching(input);
        throw new UserErrorException($"{input} does not exist: name a file, a folder or a glob with --input.");
    }

    private static string[] InFolder(string folder)
    {
        var found = Walk(folder).Where(SourceFile.IsKnown).Order(StringComparer.Ordinal).ToArray();
        return found.Length > 0 ? found
            : throw new UserErrorException(
                $"The folder {folder} holds no text: "
                + $"its files must end in {string.Join(", ", SourceFile.KnownEndings)}, each with or without .gz; name others by a glob.");
    }

    private static string[] Matching(string glob)
    {
        var pattern = new Glob(glob);
        var found = Directory.Exists(pattern.Root)
            ? Walk(pattern.Root).Where(pattern.Matches).Order(StringComparer.Ordinal).ToArray()
            : [];
        return found.Length > 0 ? found : throw new UserErrorException(
            $"The glob {glob} matches no file: quote it against the shell and check its spelling.");
    }

    private static IEnumerable<string> Walk(string folder)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden, IgnoreInaccessible = false };
        return Directory.EnumerateFiles(folder, "*", options);
    }
}
