using System.Diagnostics;
using System.Globalization;

namespace ActorTrain.Bench;

/// <summary>The PyTorch side of a comparison: a Python process that does N repetitions when told, so that both sides take turns.</summary>
internal sealed class TorchWorker : IDisposable
{
    private static readonly string[] TuningPrefixes = ["OMP_", "GOMP_", "OPENBLAS_", "MALLOC_", "ATEN_", "DNNL_", "ONEDNN_"];
    private readonly Process process;

    /// <summary>The Python that Debian's python3-torch belongs to.</summary>
    public const string DebianPython = "/usr/bin/python3";

    /// <summary>Starts a worker of this folder and waits until it is warm.</summary>
    public TorchWorker(string python, string script, params string[] arguments)
    {
        var start = new ProcessStartInfo(python) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(Path.Combine(Repository(), "ops", "bench", script));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);

        // The peer must not inherit what this process tuned for itself.
        foreach (var name in start.Environment.Keys.Where(Tunes).ToArray())
            start.Environment.Remove(name);
        process = Process.Start(start) ?? throw new InvalidOperationException($"{script} did not start.");
        if (process.StandardOutput.ReadLine() != "ready")
            throw new InvalidOperationException($"{script} did not get ready; is python3-torch installed?");
    }

    /// <summary>Does that many repetitions; the words of the result line.</summary>
    public string[] Run(int repetitions)
    {
        process.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"run {repetitions}"));
        process.StandardInput.Flush();
        return process.StandardOutput.ReadLine()?.Split(' ') ?? throw new InvalidOperationException("The PyTorch worker ended early.");
    }

    /// <summary>The number behind a word of the result line.</summary>
    public double Run(int repetitions, string word)
    {
        var words = Run(repetitions);
        return double.Parse(words[Array.IndexOf(words, word) + 1], CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }

    private static bool Tunes(string name) => TuningPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    private static string Repository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ActorTrain.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The benchmark must run from within the repository.");
        return folder;
    }
}
