using ActorTrain.Models.Runtime;

namespace ActorTrain.Build;

/// <summary>Makes a package's library loadable on this system: a link to it, or a copy in which missing symbol versions are marked
/// weak.</summary>
/// <remarks>GCC 13 binds every program that uses <c>iostream</c> to <c>GLIBCXX_3.4.32</c> by an unused marker. With an older libstdc++, the
/// loader rejects the whole library for it, unless the reference to that version is weak.</remarks>
internal static class LoadableLibrary
{
    private const string Runtime = "libstdc++.so.6";
    private const string Marker = "_ZSt21ios_base_library_initv";

    /// <param name="source">The library of the package; unchanged.</param>
    /// <param name="target">The link or the copy.</param>
    /// <exception cref="InvalidDataException">The system lacks more than the marker, or a file is not a library.</exception>
    public static void Make(string source, string target, string runtime)
    {
        var library = ElfLibrary.Read(source);
        var defined = ElfLibrary.Read(runtime).Defined;
        List<NeededVersion> absent =
            [.. library.Needed.Where(version => version.Library == Runtime && !version.IsWeak && !defined.Contains(version.Name))];
        if (absent.Find(static version => version.Symbols.Any(static symbol => symbol != Marker)) is { } used)
        {
            throw new InvalidDataException(
                $"{source} calls {used.Symbols.First(static symbol => symbol != Marker)} of {used.Name}, which {runtime} does not have; "
                    + $"use a system whose libstdc++ has it, such as Debian 13.");
        }

        // Renamed into place: a process that has the old file mapped keeps it.
        var made = $"{target}.{Environment.ProcessId}";
        if (absent.Count == 0)
            File.CreateSymbolicLink(made, source);
        else
            File.WriteAllBytes(made, library.WithWeak(absent));
        File.Move(made, target, overwrite: true);
    }
}
