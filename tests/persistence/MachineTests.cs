using ActorTrain.Persistence.Machine;

namespace ActorTrain.Persistence.Tests;

/// <summary>What the kernel says of memory, read from folders that look like its own.</summary>
public sealed class MachineTests : IDisposable
{
    private readonly TestDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public void Without_control_groups_the_machine_is_the_limit()
    {
        Machine(totalKb: 1000, availableKb: 600);
        Read().ShouldBe((600 * 1024, 1000 * 1024));
        OutOfMemoryKills.Now(directory.Path).ShouldBe(new OutOfMemoryKills("boot-1", null, null, 4));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_least_that_any_group_has_left_is_the_limit_and_what_can_be_taken_back_is_left(bool isSecond)
    {
        Machine(totalKb: 10_000_000, availableKb: 9_000_000);
        var mount = isSecond ? "sys/fs/cgroup" : "sys/fs/cgroup/memory";
        Write("proc/self/cgroup", isSecond ? "0::/slice/job\n" : "12:cpu:/elsewhere\n7:memory:/slice/job\n0::/unused\n");
        Group($"{mount}/slice/job", isSecond, limit: null, used: 500, reclaimable: 0, kills: 3);
        Group($"{mount}/slice", isSecond, limit: 5_000_000, used: 3_000_000, reclaimable: 1_000_000, kills: 9);
        Read().ShouldBe((3_000_000, 5_000_000));
        OutOfMemoryKills.Now(directory.Path).ShouldBe(new OutOfMemoryKills("boot-1", directory.At(mount, "slice", "job"), 3, 4));

        Group($"{mount}/slice/job", isSecond, limit: 900, used: 1000, reclaimable: 0, kills: 3);
        Read().ShouldBe((0, 900));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void In_a_container_the_group_stands_at_the_root(bool isSecond)
    {
        Machine(totalKb: 10_000_000, availableKb: 9_000_000);
        Write("proc/self/cgroup", isSecond ? "0::/not/to/be/seen/from/inside\n" : "7:memory:/docker/0123\n");
        Group(isSecond ? "sys/fs/cgroup" : "sys/fs/cgroup/memory", isSecond, limit: 4_000, used: 1_000, reclaimable: 500, kills: 1);
        Read().ShouldBe((3_500, 4_000));
    }

    [Fact]
    public void Where_the_kernel_says_nothing_nothing_is_known()
    {
        AvailableMemory.Read(directory.Path).ShouldBeNull();
        OutOfMemoryKills.Now(directory.Path).HaveRisenSince(new OutOfMemoryKills("", null, null, null)).ShouldBeFalse();
    }

    [Fact]
    public void A_process_was_killed_for_memory_where_its_own_group_says_so_else_where_the_machine_does()
    {
        Group("a", isSecond: true, limit: null, used: 0, reclaimable: 0, kills: 3);
        var a = directory.At("a");
        var now = new OutOfMemoryKills("boot-1", "/another/group", 0, 8);
        now.HaveRisenSince(new("boot-1", a, 2, 8)).ShouldBeTrue();
        now.HaveRisenSince(new("boot-1", a, 3, 7)).ShouldBeFalse();
        now.HaveRisenSince(new("boot-1", directory.At("gone"), 2, 7)).ShouldBeTrue();
        now.HaveRisenSince(new("boot-1", directory.At("gone"), 2, 8)).ShouldBeFalse();
        now.HaveRisenSince(new("boot-1", null, null, 7)).ShouldBeTrue();
        now.HaveRisenSince(new("boot-0", a, 2, 7)).ShouldBeFalse();
    }

    [Fact]
    public void Counters_survive_a_round_trip_and_nothing_else_is_taken_for_them()
    {
        var kills = new OutOfMemoryKills("b", "/a folder", null, 5);
        OutOfMemoryKills.Read(kills.Write()).ShouldBe(kills);
        foreach (var line in new[] { null, "", "nonsense", "{}", "null" })
            OutOfMemoryKills.Read(line).ShouldBeNull();
    }

    private (long, long) Read() =>
        AvailableMemory.Read(directory.Path) is { } found ? (found.Bytes, found.Of) : throw new InvalidOperationException();

    private void Machine(long totalKb, long availableKb)
    {
        Write("proc/meminfo", $"MemTotal:       {totalKb} kB\nMemFree:  1 kB\nMemAvailable:   {availableKb} kB\n");
        Write("proc/vmstat", "nr_free_pages 7\noom_kill 4\n");
        Write("proc/sys/kernel/random/boot_id", "boot-1\n");
    }

    private void Group(string folder, bool isSecond, long? limit, long used, long reclaimable, long kills)
    {
        Write($"{folder}/{(isSecond ? "memory.max" : "memory.limit_in_bytes")}", limit is null ? isSecond ? "max\n"
            : "9223372036854771712\n" : $"{limit}\n");
        Write($"{folder}/{(isSecond ? "memory.current" : "memory.usage_in_bytes")}", $"{used}\n");
        Write($"{folder}/memory.stat", isSecond ? $"anon 1\ninactive_file {reclaimable}\n"
            : $"inactive_file 1\ntotal_inactive_file {reclaimable}\n");
        Write($"{folder}/{(isSecond ? "memory.events" : "memory.oom_control")}", isSecond ? $"oom 1\noom_kill {kills}\n"
            : $"oom_kill_disable 0\nunder_oom 0\noom_kill {kills}\n");
    }

    private void Write(string path, string text)
    {
        var file = directory.At(path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
