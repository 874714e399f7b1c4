using System.IO.Enumeration;
using ActorTrain.Models;

namespace ActorTrain.Data.Sources;

/// <summary>Finds the files of inputs: files, folders and globs.</summary>
/// <remarks>The order is that of the inputs and, within one, the ordinal order of the paths; so it is the same on every machine. A file
/// named twice is read once. In folders, names that begin with a dot (hidden ones) and files without a known extension are skipped. A glob
/// matches files of any extension, but no hidden ones; a named file is read whatever its name.</remarks>
public static class SourceFiles
{
    private static readonly char[] Wildcards = ['*', '?'];

    /// <summary>Lists the files of the inputs, and what is skipped: files, and hidden folders with a slash at their ends.</summary>
    /// <exception cref="UserErrorException">An input is missing, matches no file, or cannot be listed.</exception>
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

        // A hidden folder of one input may be read as another.
        var read = files.Select(static file => Path.GetFullPath(file.Path)).ToArray();
        return (files, [.. passedOver.Where(path => seen.Add(Path.GetFullPath(path)) && !(IsFolder(path) && read.Any(IsBelow(path))))]);
    }

    private static bool IsFolder(string path) => Path.EndsInDirectorySeparator(path);

    private static Func<string, bool> IsBelow(string folder)
    {
        var whole = Path.GetFullPath(folder);
        return path => path.StartsWith(whole, StringComparison.Ordinal);
    }

    private static string[] FilesOf(string input, List<string> passedOver)
    {
        if (File.Exists(input))
            return [input];
        if (Directory.Exists(input))
            return InFolder(input, passedOver);
        if (input.IndexOfAny(Wildcards) >= 0)
            return Matching(input, passedOver);
        throw new UserErrorException($"{input} does not exist: name a file, a folder or a glob with --input.");
    }

    private static string[] InFolder(string folder, List<string> passedOver)
    {
        var byKnown = Walk(folder).Order(StringComparer.Ordinal)
            .ToLookup(static entry => !IsHidden(entry) && SourceFile.IsKnown(entry));
        passedOver.AddRange(byKnown[false]);
        return byKnown[true].Any() ? [.. byKnown[true]]
            : throw new UserErrorException(
                $"The folder {folder} holds no text{(byKnown[false].Any() ? $" among {Omissions.Describe([.. byKnown[false]])}" : "")}; "
                + $"a folder is searched for {string.Join(", ", SourceFile.KnownEndings)}, each with or without .gz: "
                + $"name other files with a glob.");
    }

    private static string[] Matching(string glob, List<string> passedOver)
    {
        var pattern = new Glob(glob);
        var entries = Directory.Exists(pattern.Root) ? Walk(pattern.Root) : Enumerable.Empty<string>();
        var byHidden = entries.Where(Matches).Order(StringComparer.Ordinal).ToLookup(IsHidden);
        passedOver.AddRange(byHidden[true]);
        return byHidden[false].Any() ? [.. byHidden[false]] : throw new UserErrorException(
            $"The glob {glob} matches no file{(byHidden[true].Any() ? $" but {Omissions.Describe([.. byHidden[true]])}" : "")}: "
            + "quote it in the shell and check its spelling; hidden files are named by their paths.");

        bool Matches(string entry) => IsFolder(entry)
            ? Directory.EnumerateFiles(entry, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
                .Any(pattern.Matches)
            : pattern.Matches(entry);
    }

    private static bool IsHidden(string entry) => Path.GetFileName(Path.TrimEndingDirectorySeparator(entry)).StartsWith('.');

    // The files of a folder and of those in it, but a hidden folder as one entry.
    private static FileSystemEnumerable<string> Walk(string folder) =>
        new(folder,
            static (ref entry) => entry.ToSpecifiedFullPath() + (entry.IsDirectory ? "/" : ""),
            new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false })
        {
            ShouldIncludePredicate = static (ref entry) => !entry.IsDirectory || entry.FileName.StartsWith('.'),
            ShouldRecursePredicate = static (ref entry) => !entry.FileName.StartsWith('.'),
        };
}
