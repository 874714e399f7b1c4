using System.ComponentModel;
using System.Runtime.InteropServices;

namespace ActorTrain.Actors.Terms;

/// <summary>A steady clock that also runs while the machine is suspended, as that of <see cref="System.Diagnostics.Stopwatch"/> does
/// not.</summary>
internal static partial class SuspendedClock
{
    private const int BootTime = 7; // CLOCK_BOOTTIME of Linux

    public static TimeSpan Now()
    {
        if (!OperatingSystem.IsLinux())
            return TimeSpan.FromMilliseconds(Environment.TickCount64);
        if (GetTime(BootTime, out var time) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        return TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromTicks(time.Nanoseconds / TimeSpan.NanosecondsPerTick);
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TimeSpec
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
    }
}
