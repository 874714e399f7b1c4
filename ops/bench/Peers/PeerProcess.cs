using System.Diagnostics;
using System.Globalization;
using ActorTrain.Models;

namespace ActorTrain.Bench.Peers;

/// <summary>One side of a comparison: a process with its own libraries and settings that does N repetitions on request, so that the sides
/// alternate.</summary>
/// <remarks>The protocol is that of <c>protocol.py</c>. Every wait has a timeout.</remarks>
internal sealed class PeerProcess : IDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(30);

    private static readonly string[] TuningPrefixes =
    [
        "ATEN_", "DNNL_", "GLIBC_TUNABLES", "GOMP_", "KMP_", "LD_PRELOAD", "MALLOC_", "MIMALLOC_", "MKL_", "OMP_", "ONEDNN_", "OPENBLAS_",
            "TCMALLOC_", "THP_",
    ];

    private readonly string name;
    private readonly Process process;

    private PeerProcess(string name, ProcessStartInfo start, IReadOnlyDictionary<string, string> settings)
    {
        this.name = name;
        start.RedirectStandardInput = start.RedirectStandardOutput = true;

        // A peer must not inherit tuning of this process or its parent.
        foreach (var variable in start.Environment.Keys.Where(Tunes).ToArray())
            start.Environment.Remove(variable);
        foreach (var (variable, value) in settings)
            start.Environment[variable] = value;
        process = Process.Start(start) ?? throw new InvalidOperationException($"{name} did not start.");
        try
        {
            if (Answer("to get ready", StartPatience) is var said && said != "ready")
                throw new InvalidOperationException($"{name} printed \"{said}\" where \"ready\" was expected.");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public const string DebianPython = "/usr/bin/python3";

    /// <summary>Starts a script of this folder and waits until it is warm.</summary>
    public static PeerProcess Script(string python, string script, params string[] arguments) => new(
        string.Join(' ', [script, .. arguments]), new ProcessStartInfo(python,
            [Path.Combine(Repository(), "ops", "bench", script), .. arguments]), new Dictionary<string, string>());

    /// <summary>Starts a worker mode of this program and waits until it is ready.</summary>
    public static PeerProcess Worker(IReadOnlyDictionary<string, string> settings, params string[] arguments) => new(
        string.Join(' ', ["worker", .. arguments]),
            new ProcessStartInfo("dotnet", ["exec", typeof(PeerProcess).Assembly.Location, "worker", .. arguments]), settings);

    /// <summary>Runs that many repetitions; returns the words of the result line.</summary>
    /// <exception cref="TimeoutException">There was no answer in time.</exception>
    /// <exception cref="UserErrorException">The process has ended.</exception>
    public string[] Run(int repetitions)
    {
        process.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"run {repetitions}"));
        process.StandardInput.Flush();
        return Answer($"`run {repetitions}`", AnswerPatience).Split(' ');
    }

    public double TokensPerSecond(int steps) => Number(Run(steps), "tokens_per_second");

    /// <summary>The number after a word of a result line.</summary>
    public static double Number(string[] words, string word) =>
        double.Parse(words[Array.IndexOf(words, word) + 1], CultureInfo.InvariantCulture);

    /// <summary>The most memory that has been resident.</summary>
    public double PeakMegabytes => ResidentMemory.Megabytes("VmHWM", process.Id);

    public void Dispose()
    {
        process.StandardInput.Close();
        if (!process.WaitForExit(EndPatience))
            process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    private string Answer(string what, TimeSpan patience)
    {
        var line = process.StandardOutput.ReadLineAsync();
        if (!line.Wait(patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{name} took more than {patience.TotalMinutes:F0} minutes {what} and was killed.");
        }

        return line.Result
            ?? throw new UserErrorException($"{name} ended before it answered {what}; what it printed on standard error says why.");
    }

    private static bool Tunes(string variable) => TuningPrefixes.Any(prefix => variable.StartsWith(prefix, StringComparison.Ordinal));

    public static string Repository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ActorTrain.sln")))
            folder = Path.GetDirectoryName(folder)
                ?? throw new InvalidOperationException("The benchmark must run from within the repository.");
        return folder;
    }
}
