using System.Diagnostics;

namespace ActorTrain.Tests;

/// <summary>Waits for processes and threads that always end: what does not come within ten minutes fails the test with a sentence. The
/// banned calls are their unbounded forms; see BannedSymbols.txt.</summary>
internal static class BoundedWaits
{
    /// <summary>Longer than anything that goes well takes on a busy machine.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>Waits until a process has ended.</summary>
    public static void WaitToEnd(this Process process) => process.InTime(process.WaitForExit(Longest), "did not end");

    /// <summary>The next line that a process prints; null after the last.</summary>
    public static string? ReadLine(this Process process) =>
        process.Result(process.StandardOutput.ReadLineAsync(), "printed no further line");

    /// <summary>All that a process prints from here to its end.</summary>
    public static string ReadToEnd(this Process process) =>
        process.Result(process.StandardOutput.ReadToEndAsync(), "did not end its output");

    /// <summary>What was asked of a process.</summary>
    /// <param name="process">It is killed where the answer does not come.</param>
    /// <param name="answer">What is waited for.</param>
    /// <param name="complaint">What is said of the process then.</param>
    public static T Result<T>(this Process process, Task<T> answer, string complaint)
    {
        process.InTime(answer.Wait(Longest), complaint);
        return answer.Result;
    }

    /// <summary>Waits until a thread has ended.</summary>
    public static void WaitToEnd(this Thread thread)
    {
        if (!thread.Join(Longest))
            throw new TimeoutException($"A thread did not end within {Longest.TotalMinutes} minutes.");
    }

    private static void InTime(this Process process, bool came, string complaint)
    {
        if (came)
            return;
        process.Kill(entireProcessTree: true);
        throw new TimeoutException(
            $"`{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)}` {complaint} within "
            + $"{Longest.TotalMinutes} minutes and was killed.");
    }
}
