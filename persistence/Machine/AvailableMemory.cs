namespace ActorTrain.Persistence.Machine;

/// <summary>Memory that this process can still allocate.</summary>
public sealed record AvailableMemory(long Bytes, long Of, string Limit)
{
    private const int KiB = 1024;

    /// <summary>The least that the machine and each control group of this process have left, by the kernel; null if unknown.</summary>
    /// <param name="root">The root of the file system, another one in tests.</param>
    public static AvailableMemory? Read(string root = "/")
    {
        var info = Path.Combine(root, "proc/meminfo");
        var machine = MachineFile.Number(info, "MemAvailable") is { } available && MachineFile.Number(info, "MemTotal") is { } total
            ? new AvailableMemory(available * KiB, total * KiB, "MemAvailable")
            : null;
        return MemoryGroup.OfProcess(root)
            .Where(static group => group.Limit is not null)
            .Select(static group => new AvailableMemory(Math.Max(0, group.Limit!.Value - group.Used), group.Limit.Value,
                $"control group {group.Folder}"))
            .Append(machine).OfType<AvailableMemory>().MinBy(static one => one.Bytes);
    }
}
