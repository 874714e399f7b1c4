using System.Diagnostics;

namespace ActorTrain.Tests.Processes;

/// <summary>A library that makes the wall clock of a process wrong, by as many seconds as its variable CLOCK_FAST_BY says; its steady clocks
/// are right.</summary>
internal static class WrongClock
{
    private const string Source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stdlib.h>
        #include <sys/time.h>
        #include <time.h>

        static time_t fast_by(void) { return atol(getenv("CLOCK_FAST_BY")); }

        int clock_gettime(clockid_t clock, struct timespec *to) {
            static int (*right)(clockid_t, struct timespec *);
            if (!right) right = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
            const int result = right(clock, to);
            if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) to->tv_sec += fast_by();
            return result;
        }

        int gettimeofday(struct timeval *restrict to, void *restrict zone) {
            (void)zone;
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            to->tv_sec = now.tv_sec, to->tv_usec = now.tv_nsec / 1000;
            return 0;
        }

        time_t time(time_t *to) {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            if (to) *to = now.tv_sec;
            return now.tv_sec;
        }
        """;

    /// <summary>Compiled; to be loaded ahead of the C library.</summary>
    public static Lazy<string> Library { get; } = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("actortrain-clock-").FullName;
        var (source, library) = (Path.Combine(folder, "clock.c"), Path.Combine(folder, "clock.so"));
        File.WriteAllText(source, Source);
        using var compiler = Process.Start(new ProcessStartInfo("cc", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var outcome = Outcome.Of(compiler);
        return outcome.ExitCode == 0 ? library : throw new InvalidOperationException(outcome.Error);
    });
}
