using System.Diagnostics;
using ActorTrain.Persistence.Checkpoints;
using Xunit.Abstractions;

namespace ActorTrain.Persistence.Tests;

/// <summary>A disk that refuses is told in one sentence, and what was saved before stays whole.</summary>
public sealed class CheckpointDiskTests(ITestOutputHelper output) : IDisposable
{
    private readonly TestDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public void A_limit_on_file_size_fails_the_save_and_leaves_the_one_before()
    {
        new CheckpointStore(directory.Path, new CheckpointStoreOptions(), TimeProvider.System).Commit(1, ChildProgram.LargeLayout);

        // The runtime itself maps a large file at start unless told not to.
        var (exit, said) = Run(["commit-one", directory.Path, "2"], "sh", "-c", "trap '' XFSZ; ulimit -f 512; DOTNET_EnableWriteXorExecute=0 exec \"$@\"", "sh");
        said.ShouldBe($"Cannot save the checkpoint of step 2 in {directory.Path}: the file would be larger than the system allows; raise the limit on file size (ulimit -f) and run again.\n");
        exit.ShouldBe(2);
        Directory.EnumerateFileSystemEntries(directory.Path).Select(Path.GetFileName).ShouldBe(["step-00000001"]);
        new CheckpointArchive(directory.Path).LoadLatest(ChildProgram.LargeLayout, Samples.NoFaults).ShouldBeOf(1, ChildProgram.LargeLayout);
    }

    [Fact]
    public void A_full_disk_fails_the_save_and_leaves_the_ones_before()
    {
        // One checkpoint takes 6.5 MiB, so the third does not fit.
        var said = RunOnSmallDisk("fill", directory.Path);
        if (said is null)
            return;
        said.ShouldBe($"Cannot save the checkpoint of step 3 in {directory.Path}: the disk is full; free some space and run again.\nwhole 2\nwhole 1\nentries 2\n");
    }

    [Fact]
    public void A_read_only_file_system_fails_the_save_and_leaves_the_one_before()
    {
        var said = RunOnSmallDisk("read-only", directory.Path);
        if (said is null)
            return;
        said.ShouldBe($"Cannot save the checkpoint of step 2 in {directory.Path}: the file system is read-only; mount it writable or choose another directory.\nwhole 1\nentries 1\n");
    }

    [Fact]
    public void A_file_in_the_way_is_told()
    {
        var path = directory.At("checkpoints");
        File.WriteAllText(path, "I am a file");
        Should.Throw<Models.UserErrorException>(() => new CheckpointStore(path, new CheckpointStoreOptions(), TimeProvider.System)).Message.ShouldContain(path);
        File.ReadAllText(path).ShouldBe("I am a file");
    }

    /// <summary>Runs with a file system of 16 MiB mounted on the directory, in a namespace of its own; null where the system does not allow
    /// that.</summary>
    private string? RunOnSmallDisk(params string[] arguments)
    {
        string[] wrapper = ["unshare", "--mount", "--map-root-user", "sh", "-c", "mount -t tmpfs -o size=16m tmpfs \"$0\" && exec \"$@\"", directory.Path];
        using var probe = Process.Start(wrapper[0], [.. wrapper[1..], "true"]);
        probe.WaitForExit();
        if (probe.ExitCode != 0)
        {
            output.WriteLine("Not run: this system allows no mount in a namespace of its own. The limit on file size stands in for a full disk.");
            return null;
        }

        var (exit, said) = Run(arguments, wrapper);
        exit.ShouldBe(0);
        return said;
    }

    private static (int Exit, string Said) Run(string[] arguments, params string[] wrapper)
    {
        using var child = ChildProgram.Start(arguments, wrapper);
        var said = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return (child.ExitCode, said);
    }
}
