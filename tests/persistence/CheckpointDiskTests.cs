using System.Diagnostics;
using System.Runtime.Versioning;
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
        var (exit, said) = Run(["commit-one", directory.Path, "2"], "sh", "-c",
            "trap '' XFSZ; ulimit -f 512; DOTNET_EnableWriteXorExecute=0 exec \"$@\"", "sh");
        said.ShouldName("step 2", directory.Path, "ulimit -f");
        exit.ShouldBe(2);
        Directory.EnumerateFileSystemEntries(directory.Path).Select(Path.GetFileName).ShouldBe(["step-00000001"]);
        new CheckpointArchive(directory.Path).LoadLatest(ChildProgram.LargeLayout, Samples.NoFaults)
            .ShouldBeOf(1, ChildProgram.LargeLayout);
    }

    [Fact]
    public void A_full_disk_fails_the_save_and_leaves_the_ones_before()
    {
        // One checkpoint takes 6.5 MiB, so the third does not fit.
        var said = RunOnSmallDisk("fill", directory.Path);
        if (said is null)
            return;
        said.ShouldName("step 3", $"{directory.Path}: the disk is full", "\nwhole 2\nwhole 1\nentries 2\n");
    }

    [Fact]
    public void On_a_full_disk_saves_fail_until_there_is_room_and_no_whole_one_is_lost()
    {
        var said = RunOnSmallDisk("fill-and-free", directory.Path);
        if (said is null)
            return;
        said.ShouldBe(
            $"Cannot save the checkpoint at step 3 in {directory.Path}: the disk is full; free some space and run again.\nwhole 2\nwhole "
                + $"1\nentries 3\n"
            + $"Cannot save the checkpoint at step 4 in {directory.Path}: the disk is full; free some space and run again.\nwhole "
                + $"2\nwhole 1\nentries 3\n"
            + $"Cannot mark {directory.At("step-00000002")} as good: the disk is full; free some space and run again.\nwhole 2\nwhole "
                + $"1\nentries 3\n"
            + "whole 5\nwhole 2 good\nentries 2\n");
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("altered")]
    [InlineData("torn")]
    [InlineData("manifest")]
    [InlineData("unreadable")]
    public void One_that_was_damaged_is_passed_over_replaced_by_its_step_and_never_counts_as_one_that_stays(string damage)
    {
        var store = new CheckpointStore(directory.Path, new CheckpointStoreOptions { KeepLast = 2 }, TimeProvider.System);
        store.Commit(1);
        store.Commit(2);
        var weights = Path.Combine(store.PathOf(2), "weights.safetensors");
        switch (damage)
        {
            case "missing":
                File.Delete(weights);
                break;
            case "altered":
                var bytes = File.ReadAllBytes(weights);
                bytes[^1] ^= 1;
                File.WriteAllBytes(weights, bytes);
                break;
            case "torn":
                using (var file = File.OpenWrite(weights))
                    file.SetLength(file.Length / 2);
                break;
            case "manifest":
                File.WriteAllText(Path.Combine(store.PathOf(2), "manifest.json"), "{}");
                break;
            case "unreadable":
                File.Delete(weights);
                Directory.CreateDirectory(weights);
                break;
        }

        var faults = new List<CheckpointFault>();
        store.LoadLatest(Samples.Layout, faults.Add).ShouldBeOf(1);
        faults.ShouldHaveSingleItem().Step.ShouldBe(2);
        store.Commit(2);
        store.LoadLatest(Samples.Layout, Samples.NoFaults).ShouldBeOf(2);
    }

    [Fact]
    public void A_directory_that_is_gone_is_told_and_made_again_by_the_next_save()
    {
        var path = directory.At("checkpoints");
        var store = new CheckpointStore(path, new CheckpointStoreOptions(), TimeProvider.System);
        store.Commit(1);
        Directory.Delete(path, recursive: true);
        store.Commit(2);
        store.LoadLatest(Samples.Layout, Samples.NoFaults).ShouldBeOf(2);
    }

    [Fact]
    public void A_save_in_the_way_of_another_is_cleared_away()
    {
        var store = new CheckpointStore(directory.Path, new CheckpointStoreOptions(), TimeProvider.System);
        store.Commit(1);
        Directory.CreateDirectory(directory.At(".writing-step-00000002"));
        File.WriteAllText(directory.At(".writing-step-00000002", "weights.safetensors"), "half a save that was overtaken");
        store.Commit(2);
        Directory.EnumerateFileSystemEntries(directory.Path).Select(Path.GetFileName)
            .ShouldBe(["step-00000001", "step-00000002"], ignoreOrder: true);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Without_the_right_to_write_the_save_fails_and_the_one_before_stays()
    {
        new CheckpointStore(directory.Path, new CheckpointStoreOptions(), TimeProvider.System).Commit(1, ChildProgram.LargeLayout);
        File.SetUnixFileMode(directory.Path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            // Whoever may do everything is to keep to the rights of files too.
            string[] wrapper = Environment.IsPrivilegedProcess ? ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] : [];
            var (_, said) = Run(["refused", directory.Path], wrapper);
            said.ShouldName("step 2", $"{directory.Path}: permission denied", "\nwhole 1\nentries 1\n");
        }
        finally
        {
            File.SetUnixFileMode(directory.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void A_read_only_file_system_fails_the_save_and_leaves_the_one_before()
    {
        var said = RunOnSmallDisk("read-only", directory.Path);
        if (said is null)
            return;
        said.ShouldName("step 2", $"{directory.Path}: the file system is read-only", "\nwhole 1\nentries 1\n");
    }

    [Fact]
    public void A_file_in_the_way_is_told()
    {
        var path = directory.At("checkpoints");
        File.WriteAllText(path, "I am a file");
        Should.Throw<Models.UserErrorException>(() => new CheckpointStore(path, new CheckpointStoreOptions(), TimeProvider.System))
            .Message.ShouldContain(path);
        File.ReadAllText(path).ShouldBe("I am a file");
    }

    /// <summary>Runs with a file system of 16 MiB mounted on the directory, in a namespace of its own; null where the system does not allow
    /// that.</summary>
    private string? RunOnSmallDisk(params string[] arguments)
    {
        string[] wrapper =
            ["unshare", "--mount", "--map-root-user", "sh", "-c", "mount -t tmpfs -o size=16m tmpfs \"$0\" && exec \"$@\"", directory.Path];
        using var probe = Process.Start(wrapper[0], [.. wrapper[1..], "true"]);
        probe.WaitToEnd();
        if (probe.ExitCode != 0)
        {
            output.WriteLine(
                "Not run: this system allows no mount in a namespace of its own. The limit on file size stands in for a full disk.");
            return null;
        }

        var (exit, said) = Run(arguments, wrapper);
        exit.ShouldBe(0);
        return said;
    }

    private static (int Exit, string Said) Run(string[] arguments, params string[] wrapper)
    {
        using var child = ChildProgram.Start(arguments, wrapper);
        var said = child.ReadToEnd();
        child.WaitToEnd();
        return (child.ExitCode, said);
    }
}
