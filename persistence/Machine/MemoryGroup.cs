using System.Globalization;

namespace ActorTrain.Persistence.Machine;

/// <summary>A control group that accounts for the memory of processes (the kernel's admin-guide/cgroup-v2.rst and
/// cgroup-v1/memory.rst).</summary>
/// <param name="IsSecond">Whether it is of version 2.</param>
public sealed record MemoryGroup(string Folder, bool IsSecond)
{
    /// <summary>In bytes; null if unlimited.</summary>
    public long? Limit => Number(IsSecond ? "memory.max" : "memory.limit_in_bytes");

    /// <summary>Memory in use that cannot be reclaimed, in bytes.</summary>
    public long Used => Math.Max(
        0, (Number(IsSecond ? "memory.current" : "memory.usage_in_bytes")
            ?? 0) - (Number("memory.stat", IsSecond ? "inactive_file" : "total_inactive_file") ?? 0));

    /// <summary>Processes of the group that the out-of-memory killer has ended; null if unknown.</summary>
    public long? Kills => Number(IsSecond ? "memory.events" : "memory.oom_control", "oom_kill");

    /// <summary>The groups of this process, from its own outwards. If it sees only its own, as in a container, that is mounted at the
    /// root.</summary>
    /// <param name="root">The root of the file system, another one in tests.</param>
    public static IEnumerable<MemoryGroup> OfProcess(string root = "/")
    {
        foreach (var line in MachineFile.Lines(Path.Combine(root, "proc/self/cgroup")))
        {
            // hierarchy:controllers:path
            if (line.Split(':', 3) is not [var hierarchy, var controllers, var path]
                || (hierarchy != "0" && !controllers.Split(',').Contains("memory")))
                continue;
            var isSecond = hierarchy == "0";
            var mount = Path.Combine(root, isSecond ? "sys/fs/cgroup" : "sys/fs/cgroup/memory");
            for (var below = path.Trim('/'); ; below = Path.GetDirectoryName(below) ?? "")
            {
                var group = new MemoryGroup(Path.Combine(mount, below), isSecond);
                if (Directory.Exists(group.Folder))
                    yield return group;
                if (below.Length == 0)
                    break;
            }
        }
    }

    private long? Number(string file, string? key = null) => MachineFile.Number(Path.Combine(Folder, file), key);
}

internal static class MachineFile
{
    /// <summary>Empty if the file cannot be read.</summary>
    public static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The file's number, or that in the line of a key.</summary>
    public static long? Number(string path, string? key = null)
    {
        foreach (var line in Lines(path))
        {
            var words = line.Split([' ', ':', '\t'], StringSplitOptions.RemoveEmptyEntries);
            var value = key is null ? words.FirstOrDefault() : words is [var name, var second, ..] && name == key ? second : null;
            if (value is not null)
                return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        }

        return null;
    }
}
