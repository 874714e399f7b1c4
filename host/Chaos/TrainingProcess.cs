using System.Diagnostics;
using System.Globalization;
using ActorTrain.Chaos;

namespace ActorTrain.Host.Chaos;

/// <summary>A child process that trains. It ends with this one, however this one ends.</summary>
internal sealed class TrainingProcess : IDisposable
{
    // Much more than a training process needs besides its tensors; a tenth of it is left for the rest.
    private const long ManagedMemory = 512L << 20;
    private const int Remembered = 20;
    private static readonly TimeSpan OutputPatience = TimeSpan.FromSeconds(10);

    private readonly Process process;
    private readonly Queue<string> said = [];

    private TrainingProcess(Process process) => this.process = process;

    public int ExitCode => process.ExitCode;

    public string LastWords
    {
        get
        {
            lock (said)
                return said.LastOrDefault() ?? "nothing was said";
        }
    }

    /// <param name="arguments">The command first.</param>
    /// <param name="orders">The file with the faults to apply, or null.</param>
    public static TrainingProcess Start(IEnumerable<string> arguments, string? orders, bool limitMemory)
    {
        // When started by `dotnet`, the program is a library.
        var program = Environment.ProcessPath!;
        string[] library = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(TrainingProcess).Assembly.Location] : [];
        var start = new ProcessStartInfo(program, [.. library, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove(ChaosProcess.Variable);
        if (orders is not null)
            start.Environment[ChaosProcess.Variable] = orders;
        if (limitMemory)
            start.Environment["DOTNET_GCHeapHardLimit"] = ManagedMemory.ToString("x", CultureInfo.InvariantCulture);
        var child = new TrainingProcess(new Process { StartInfo = start });
        child.process.OutputDataReceived += (_, line) => child.Handle(line.Data);
        child.process.ErrorDataReceived += (_, line) => child.Handle(line.Data);
        child.process.Start();
        child.process.BeginOutputReadLine();
        child.process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Waits for its end, at most for <paramref name="patience"/>.</summary>
    /// <returns>Whether it has ended.</returns>
    public bool Wait(TimeSpan patience)
    {
        if (!process.WaitForExit(patience))
            return false;

        // Its last output may not have arrived yet; a grandchild that keeps the output open does not block this process.
        process.WaitForExitAsync().Wait(OutputPatience);
        return true;
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    private void Handle(string? line)
    {
        if (string.IsNullOrWhiteSpace(line))
            return;
        lock (said)
        {
            said.Enqueue(line);
            if (said.Count > Remembered)
                said.Dequeue();
        }
    }
}
