using System.Diagnostics;
using System.Globalization;

namespace ActorTrain.Actors.Terms;

/// <summary>What distinguishes a process from every other, on this host and elsewhere, and proves that one is dead.</summary>
/// <param name="Process">Its number.</param>
/// <param name="Began">In clock ticks since the boot.</param>
/// <param name="Boot">Of the kernel that it runs on.</param>
/// <param name="Space">The space of process numbers: containers of one host have their own.</param>
public sealed record ProcessIdentity(int Process, string Began, string Boot, string Space)
{
    private const string BootFile = "/proc/sys/kernel/random/boot_id";
    private const string SpaceLink = "/proc/self/ns/pid";

    // Behind the name in parentheses, which may contain blanks: the state, and 18 fields later the start.
    private const int StateField = 0, StartField = 19;

    public static ProcessIdentity This { get; } = new(
        Environment.ProcessId,
        StatOf(Environment.ProcessId)?[StartField] ?? Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture),
        Read(() => File.ReadAllText(BootFile).Trim()) ?? $"{Guid.NewGuid()}",
        Read(() => File.ResolveLinkTarget(SpaceLink, returnFinalTarget: false)?.Name) ?? $"{Guid.NewGuid()}");

    /// <summary>What <see cref="ToString"/> wrote; null if it is something else.</summary>
    public static ProcessIdentity? Parse(string text) =>
        text.Split(' ') is [var process, var began, var boot, var space]
        && int.TryParse(process, CultureInfo.InvariantCulture, out var number)
            ? new ProcessIdentity(number, began, boot, space) : null;

    /// <summary>Whether it ran on this host and has ended; false if that is unknown.</summary>
    public bool IsDead()
    {
        if (!OperatingSystem.IsLinux() || Boot != This.Boot || Space != This.Space)
            return false;

        // The process of a zombie has ended; only its parent does not know yet.
        if (StatOf(Process) is { } stat)
            return stat[StartField] != Began || stat[StateField] is "Z" or "X";
        try
        {
            // Processes of other users may be hidden in /proc.
            using var alive = System.Diagnostics.Process.GetProcessById(Process);
            return false;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Process} {Began} {Boot} {Space}");

    private static string[]? StatOf(int process) =>
        Read(() => File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"))) is { } text
            ? text[(text.LastIndexOf(')') + 2)..].Split(' ') : null;

    // Null where the system has no such file, as on other systems than Linux.
    private static string? Read(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
