using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ActorTrain.Tests.Processes;

/// <summary>A training process, what it prints, and the processes of its nodes.</summary>
public sealed partial class RunOnNodes : IDisposable
{
    private readonly RealRun real;
    private readonly string name;
    private readonly Process process;
    private readonly Thread reader;
    private readonly Task<string> errors;
    private readonly Lock gate = new();
    private readonly List<(TimeSpan At, string Line)> lines = [];
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private readonly long rowsBefore;

    public RunOnNodes(RealRun real, string name, params string[] arguments)
        : this(real, name, null, arguments)
    {
    }

    /// <param name="host">Where; null: as any program of this machine.</param>
    public RunOnNodes(RealRun real, string name, TestHost? host, params string[] arguments)
    {
        (this.real, this.name) = (real, name);
        rowsBefore = MetricsLength;
        process = real.StartOn(host, arguments);
        errors = process.StandardError.ReadToEndAsync();
        reader = new Thread(Read) { IsBackground = true };
        reader.Start();
    }

    public int Id => process.Id;

    public bool HasEnded => process.HasExited;

    /// <summary>Time since the start.</summary>
    public TimeSpan Now => watch.Elapsed;

    private string MetricsFile => Path.Combine(real.RunFolder(name), "metrics.jsonl");

    /// <summary>Grows with every step.</summary>
    public long MetricsLength => new FileInfo(MetricsFile) is { Exists: true } file ? file.Length : 0;

    /// <summary>All that was printed so far.</summary>
    public string Output
    {
        get
        {
            lock (gate)
                return string.Join('\n', lines.Select(static line => line.Line));
        }
    }

    /// <summary>The number of the present process of a node, if it has one.</summary>
    public int? ProcessOf(string node)
    {
        lock (gate)
        {
            return lines.Select(static line => Joined().Match(line.Line)).LastOrDefault(match =>
                match.Success && match.Groups[1].Value == node) is { } match
                && Read(match.Groups[2].Value) is var id && IsLiving(id) ? id : null;
        }

        static int Read(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until a line with all of some words was printed after <paramref name="from"/>.</summary>
    /// <returns>When; null if the process has ended without.</returns>
    public TimeSpan? WaitForLine(TimeSpan from, params string[] words) => Wait(() =>
    {
        lock (gate)
        {
            var found = lines.FindIndex(line => line.At >= from && words.All(word => line.Line.Contains(word, StringComparison.Ordinal)));
            return found < 0 ? null : lines[found].At;
        }
    });

    /// <summary>Waits for some rows of metrics, each of about as many bytes.</summary>
    /// <returns>When; null if the process has ended before.</returns>
    public TimeSpan? WaitForRows(int rows)
    {
        var target = Math.Max(MetricsLength, rowsBefore) + rows * 350L;
        return Wait(() => MetricsLength >= target ? Now : null);
    }

    public void Signal(int processId, string signal)
    {
        using var kill = real.StartIn("", "kill", [$"-{signal}", processId.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitToEnd();
    }

    /// <summary>Kills the process itself.</summary>
    public void Kill() => process.Kill();

    public Outcome End()
    {
        process.WaitToEnd();
        reader.WaitToEnd();
        return new Outcome(process.ExitCode, Output, process.Result(errors, "did not end its errors"));
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill();
        process.Dispose();
    }

    /// <summary>Whether a process exists and computes: one that has ended, but that nobody has asked after, does not.</summary>
    public static bool IsLiving(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Waits until something holds that always comes to hold.</summary>
    public static void Await(Func<bool> condition, string what)
    {
        if (!SpinWait.SpinUntil(condition, BoundedWaits.Longest))
            throw new TimeoutException($"{what} did not come to pass within {BoundedWaits.Longest.TotalMinutes} minutes.");
    }

    private TimeSpan? Wait(Func<TimeSpan?> condition)
    {
        TimeSpan? found = null;
        Await(() => (found = condition()) is not null || process.HasExited, $"What is awaited of {name}");
        return found ?? condition();
    }

    private void Read()
    {
        while (process.StandardOutput.ReadLine() is { } line)
        {
            lock (gate)
                lines.Add((watch.Elapsed, line));
        }
    }

    [GeneratedRegex(@"(?:^|\s)(\S+) (?:joined: process|is parked: .* \(process) (\d+) on ")]
    private static partial Regex Joined();
}
