using System.Text.Json;
using System.Text.Json.Serialization;

namespace ActorTrain.Persistence.Machine;

/// <summary>Counters of processes that the kernel's out-of-memory killer has ended.</summary>
/// <param name="Group">The folder of this process's control group, or null.</param>
/// <param name="InGroup">Processes of that group; null if unknown.</param>
/// <param name="InAll">Processes of the machine (/proc/vmstat); null if unknown.</param>
public sealed record OutOfMemoryKills(string Boot, string? Group, long? InGroup, long? InAll)
{
    public const string Sentence = "The previous process was probably killed by the kernel's out-of-memory killer.";

    /// <param name="root">The root of the file system, another one in tests.</param>
    public static OutOfMemoryKills Now(string root = "/")
    {
        var group = MemoryGroup.OfProcess(root).FirstOrDefault(static group => group.Kills is not null);
        var boot = MachineFile.Lines(Path.Combine(root, "proc/sys/kernel/random/boot_id")).FirstOrDefault() ?? "";
        return new OutOfMemoryKills(boot, group?.Folder, group?.Kills, MachineFile.Number(Path.Combine(root, "proc/vmstat"), "oom_kill"));
    }

    /// <summary>Whether processes were ended since, possibly the previous one: in its own group if that still exists, else
    /// anywhere.</summary>
    public bool HaveRisenSince(OutOfMemoryKills before)
    {
        if (Boot != before.Boot || Boot.Length == 0)
            return false;
        var group = before.Group is { } folder ? new MemoryGroup(folder, true).Kills ?? new MemoryGroup(folder, false).Kills : null;
        return group is { } now && before.InGroup is { } then ? now > then : InAll > before.InAll;
    }

    public string Write() => JsonSerializer.Serialize(this, OutOfMemoryKillsJson.Default.OutOfMemoryKills);

    /// <summary>Reads what <see cref="Write"/> made; null for anything else.</summary>
    public static OutOfMemoryKills? Read(string? line)
    {
        try
        {
            return line is null ? null : JsonSerializer.Deserialize(line, OutOfMemoryKillsJson.Default.OutOfMemoryKills);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(OutOfMemoryKills))]
internal sealed partial class OutOfMemoryKillsJson : JsonSerializerContext;
