using System.IO.Enumeration;
using ActorTrain.Models;
using ActorTrain.Models.Files;

namespace ActorTrain.Data.Sources;

/// <summary>Finds the files of inputs: files, folders and globs.</summary>
/// <remarks>The order is that of the inputs and, within one, the ordinal order of the paths; so it is the same on every machine.
/// A file is read once, whatever names and links lead to it. In folders, names that begin with a dot (hidden ones), files without a known
/// extension, and special files are skipped. A glob matches files of any extension, but no hidden ones; a named file is read
/// whatever its name.</remarks>
public sealed class SourceFiles
{
    private static readonly char[] Wildcards = ['*', '?'];

    private readonly CancellationToken cancellation;
    private readonly IReadOnlyList<string> endings;
    private readonly List<SourceFile> files = [];
    private readonly List<string> passedOver = [];
    private readonly List<string> doubles = [];
    private readonly List<string> special = [];
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);
    private readonly HashSet<((uint, uint) Device, ulong Inode)> read = [];

    /// <summary>Lists the files of the inputs, and what is skipped.</summary>
    /// <param name="endings">The known extensions in folders, without <c>.gz</c>.</param>
    /// <exception cref="UserErrorException">An input is missing, matches no file, or cannot be listed.</exception>
    public SourceFiles(IEnumerable<string> inputs, IReadOnlyList<string> endings, CancellationToken cancellation = default)
    {
        (this.endings, this.cancellation) = (endings, cancellation);
        foreach (var input in inputs)
        {
            try
            {
                foreach (var path in FilesOf(input))
                    Add(path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new UserErrorException(
                    $"Cannot list {input}: {error.Message.TrimEnd('.')}; change its permissions, or remove it from --input.", error);
            }
        }

        // A hidden folder of one input may be read as another.
        var whole = files.Select(static file => Path.GetFullPath(file.Path)).ToArray();
        PassedOver = [.. passedOver.Where(path => seen.Add(Path.GetFullPath(path)) && !(IsFolder(path) && whole.Any(IsBelow(path))))];
    }

    /// <summary>The files in reading order.</summary>
    public IReadOnlyList<SourceFile> Files => files;

    /// <summary>Files of folders that are hidden or without a known ending, and hidden folders with a slash at their ends.</summary>
    public IReadOnlyList<string> PassedOver { get; }

    /// <summary>Further names of files and folders that are read.</summary>
    public IReadOnlyList<string> Doubles => doubles;

    /// <summary>Pipes, sockets, devices and broken links in folders.</summary>
    public IReadOnlyList<string> Special => special;

    private static bool IsFolder(string path) => Path.EndsInDirectorySeparator(path);

    private static Func<string, bool> IsBelow(string folder)
    {
        var whole = Path.GetFullPath(folder);
        return path => path.StartsWith(whole, StringComparison.Ordinal);
    }

    private void Add(string path)
    {
        if (!seen.Add(Path.GetFullPath(path)))
            return;
        if (FileStatus.Of(path) is not { } status)
            special.Add(path);
        else if (read.Add((status.Device, status.Inode)))
            files.Add(new SourceFile(path, status.Length));
        else
            doubles.Add(path);
    }

    private string[] FilesOf(string input) => FileStatus.Of(input) switch
    {
        { Kind: FileKind.File } => [input],
        { Kind: FileKind.Folder } => InFolder(input),
        { Kind: var kind } => throw new UserErrorException(
            $"{input} is a {kind.ToString().ToLowerInvariant()}, but the corpus is read more than once: save its text to a file first."),
        null when new FileInfo(input).LinkTarget is { } target => throw new UserErrorException(
            $"{input} is a link to {target}, which does not exist: fix the link or remove it from --input."),
        null when input.IndexOfAny(Wildcards) >= 0 => Matching(input),
        null => throw new UserErrorException($"{input} does not exist: name a file, a folder or a glob with --input."),
    };

    private string[] InFolder(string folder)
    {
        var byKnown = Walk(folder, once: true).Order(StringComparer.Ordinal)
            .ToLookup(entry => !IsHidden(entry) && SourceFile.HasOneOf(endings, entry));
        passedOver.AddRange(byKnown[false]);
        var known = byKnown[true].ToLookup(IsFile);
        special.AddRange(known[false]);
        string[] others = [.. byKnown[false], .. known[false]];
        return known[true].Any() ? [.. known[true]]
            : throw new UserErrorException(
                $"The folder {folder} holds no text{(others.Length > 0 ? $" among {Omissions.Describe(others)}" : "")}; "
                + $"a folder is searched for {string.Join(", ", endings)}, each with or without .gz: "
                + $"name other files with a glob.");
    }

    private string[] Matching(string glob)
    {
        var pattern = new Glob(glob);
        var entries = Directory.Exists(pattern.Root) ? Walk(pattern.Root, once: false) : [];
        var byHidden = entries.Where(Matches).Order(StringComparer.Ordinal).ToLookup(IsHidden);
        passedOver.AddRange(byHidden[true]);
        var shown = byHidden[false].ToLookup(IsFile);
        special.AddRange(shown[false]);
        string[] others = [.. byHidden[true], .. shown[false]];
        return shown[true].Any() ? [.. shown[true]] : throw new UserErrorException(
            $"The glob {glob} matches no file{(others.Length > 0 ? $" but {Omissions.Describe(others)}" : "")}: "
            + "quote it in the shell and check its spelling; hidden files are named by their paths.");

        bool Matches(string entry) => IsFolder(entry)
            ? Directory.EnumerateFiles(entry, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
                .Any(pattern.Matches)
            : pattern.Matches(entry);
    }

    private static bool IsHidden(string entry) => Path.GetFileName(Path.TrimEndingDirectorySeparator(entry)).StartsWith('.');

    private static bool IsFile(string entry) => FileStatus.Of(entry) is { Kind: FileKind.File };

    /// <summary>The files of a folder and of those in it, but a hidden folder as one entry.</summary>
    /// <param name="folder">Where to begin.</param>
    /// <param name="once">Whether to enter a folder once whatever links lead to it; else only links to a folder above are not
    /// followed.</param>
    private List<string> Walk(string folder, bool once)
    {
        var entered = new HashSet<((uint, uint), ulong)>();
        var found = new List<string>();
        Enter(folder);
        return found;

        void Enter(string path)
        {
            if (FileStatus.Of(path) is not { } status)
                return;
            if (!entered.Add((status.Device, status.Inode)))
            {
                doubles.Add(path + "/");
                return;
            }

            cancellation.ThrowIfCancellationRequested();
            foreach (var (entry, isFolder) in EntriesOf(path).OrderBy(static entry => entry.Path, StringComparer.Ordinal))
            {
                if (isFolder && !IsHidden(entry))
                    Enter(entry);
                else
                    found.Add(isFolder ? entry + "/" : entry);
            }

            if (!once)
                entered.Remove((status.Device, status.Inode));
        }
    }

    private static FileSystemEnumerable<(string Path, bool IsFolder)> EntriesOf(string folder) =>
        new(folder, static (ref entry) => (entry.ToSpecifiedFullPath(), entry.IsDirectory),
            new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false });
}
