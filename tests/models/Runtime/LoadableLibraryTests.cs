using System.Diagnostics;
using System.Text;
using ActorTrain.Build;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Models.Tests.Runtime;

/// <summary>TorchSharp's library is loaded as the package has it where libstdc++ is new enough, and as a copy with a weak reference where
/// it is not.</summary>
public sealed class LoadableLibraryTests : IDisposable
{
    private const string Marker = "_ZSt21ios_base_library_initv";
    private readonly string folder = Directory.CreateTempSubdirectory("actortrain-elf-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_versions_of_a_library_are_those_that_readelf_prints()
    {
        var library = ElfLibrary.Read(Packaged());
        var expected = Run("readelf", "-V", "-W", Packaged());
        library.Needed.Count.ShouldBe(expected.Split('\n').Count(static line => line.Contains("Name: ", StringComparison.Ordinal)));
        library.Needed.ShouldAllBe(version => expected.Contains($"Name: {version.Name}  ", StringComparison.Ordinal) && !version.IsWeak);
        library.Needed.ShouldContain(static version => version.Name == "GLIBCXX_3.4.32" && version.Symbols.SequenceEqual(new[] { Marker }));
        ElfLibrary.Read(Runtime()).Defined.ShouldContain("GLIBCXX_3.4.30");
    }

    [Fact]
    public void Where_the_system_has_the_version_the_library_is_linked_and_elsewhere_copied_with_a_weak_reference()
    {
        // Two systems, made of one library: it is asked to define each version of another.
        var (linked, copied) = (Path.Combine(folder, "linked.so"), Path.Combine(folder, "copied.so"));
        LoadableLibrary.Make(Packaged(), linked, Compile("new", "GLIBCXX_3.4.32"));
        new FileInfo(linked).LinkTarget.ShouldBe(Packaged());

        LoadableLibrary.Make(Packaged(), copied, Compile("old", "GLIBCXX_3.4.30"));
        new FileInfo(copied).LinkTarget.ShouldBeNull();
        var weak = ElfLibrary.Read(copied).Needed.Where(static version => version.IsWeak).ToList();
        weak.Select(static version => version.Name).ShouldBe(["GLIBCXX_3.4.32"]);
        var (before, after) = (File.ReadAllBytes(Packaged()), File.ReadAllBytes(copied));
        Enumerable.Range(0, before.Length).Count(i => before[i] != after[i]).ShouldBe(1);
    }

    [Fact]
    public void Both_forms_are_loaded_by_a_system_that_has_what_they_need()
    {
        // A stand-in for libstdc++ as the loader sees it: it has one version or it lacks it. Beside a program that needs the library, both
        // forms start where they can, and the packaged one does not where the version is missing.
        var source = Write("user.c", "int unused(void); int main(void) { return 0; }");
        var user = Path.Combine(folder, "user");
        var library = CompileUser();
        Run("gcc", source, "-o", user, library, "-Wl,-rpath,$ORIGIN", "-Wl,--no-as-needed", library);
        Starts(user).ShouldBeTrue();
        _ = Compile("libruntime", "OLD_1");
        Starts(user).ShouldBeFalse();
        var image = ElfLibrary.Read(library);
        File.WriteAllBytes(library, image.WithWeak(image.Needed.Where(static version => version.Name == "NEW_2")));
        Starts(user).ShouldBeTrue();
        _ = Compile("libruntime", "OLD_1", "NEW_2");
        Starts(user).ShouldBeTrue();
    }

    [Fact]
    public void The_form_that_was_built_here_is_what_this_process_computes_with()
    {
        NativeRuntime.Ensure();
        var report = NativeRuntime.Describe();
        File.ReadAllBytes(report.LibTorchSharpPath).Length.ShouldBe(File.ReadAllBytes(Packaged()).Length);
        var isNew = ElfLibrary.Read(Runtime()).Defined.Contains("GLIBCXX_3.4.32");
        ElfLibrary.Read(report.LibTorchSharpPath).Needed.Any(static version => version.IsWeak).ShouldBe(!isNew);
    }

    [Fact]
    public void What_cannot_be_made_loadable_is_refused_and_nothing_is_written()
    {
        var target = Path.Combine(folder, "target.so");
        var text = Write("text.so", "not a library");
        Should.Throw<InvalidDataException>(() => LoadableLibrary.Make(text, target, Runtime())).Message.ShouldContain(text);

        var cut = Path.Combine(folder, "cut.so");
        File.WriteAllBytes(cut, File.ReadAllBytes(Packaged())[..100_000]);
        Should.Throw<InvalidDataException>(() => LoadableLibrary.Make(cut, target, Runtime())).Message.ShouldContain(cut);

        // A system so old that it lacks versions whose symbols are called.
        var old = Compile("old", "GLIBCXX_3.4");
        Should.Throw<InvalidDataException>(() => LoadableLibrary.Make(Packaged(), target, old)).Message.ShouldContain("Debian 13");
        File.Exists(target).ShouldBeFalse();
    }

    private static string Packaged() => Path.Combine(
        Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages"),
        "torchsharp", typeof(TorchSharp.torch).Assembly.GetName().Version!.ToString(3), "runtimes", "linux-x64", "native",
            "libLibTorchSharp.so");

    private static string Runtime() => LoadedLibraries.Read().Find("libstdc++.so.6");

    // A library that defines these versions, and for what is compared with libstdc++ all older ones that TorchSharp needs.
    private string Compile(string name, params string[] versions)
    {
        var last = versions[^1];
        string[] all = last.StartsWith("GLIBCXX", StringComparison.Ordinal) && last != "GLIBCXX_3.4"
            ? [.. ElfLibrary.Read(Packaged()).Needed.Where(static version => version.Library == "libstdc++.so.6"
                && version.Name != "GLIBCXX_3.4.32").Select(static version => version.Name), last]
            : versions;
        var map = new StringBuilder();
        foreach (var version in all.Distinct())
            map.AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"{version} {{ global: {Symbol(version)}; }};");
        var script = Write($"{name}.map", map.ToString());
        var source =
            Write($"{name}.c", string.Concat(all.Distinct().Select(static version => $"int {Symbol(version)}(void) {{ return 0; }}\n")));
        var library = Path.Combine(folder, $"{name}.so");
        Run("gcc", "-shared", "-fPIC", source, "-o", library, $"-Wl,--version-script={script}", $"-Wl,-soname,{name}.so");
        return library;
    }

    // A library that is bound to both versions of another, and calls nothing of them.
    private string CompileUser()
    {
        var runtime = Compile("libruntime", "OLD_1", "NEW_2");
        var source =
            Write("using.c",
            $"int {Symbol("OLD_1")}(void); int {Symbol("NEW_2")}(void); int unused(void) {{ return {Symbol("OLD_1")}() + "
            + $"{Symbol("NEW_2")}(); }}");
        var library = Path.Combine(folder, "libusing.so");
        Run("gcc", "-shared", "-fPIC", "-Wl,-z,lazy", source, "-o", library, runtime, "-Wl,-rpath,$ORIGIN", "-Wl,-soname,libusing.so");
        return library;
    }

    private static string Symbol(string version) => $"of_{version.Replace('.', '_')}";

    private string Write(string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static bool Starts(string program)
    {
        using var process = Process.Start(new ProcessStartInfo(program) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitToEnd();
        return process.ExitCode == 0;
    }

    private static string Run(string program, params string[] arguments)
    {
        using var process =
            Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.ReadToEnd();
        var error = process.StandardError.ReadToEnd();
        process.WaitToEnd();
        process.ExitCode.ShouldBe(0, error);
        return output;
    }
}
