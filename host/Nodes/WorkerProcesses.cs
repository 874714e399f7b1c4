using System.Diagnostics;
using ActorTrain.Actors.Nodes;
using ActorTrain.Chaos;
using ActorTrain.Persistence.Certificates;
using Akka.Actor;
using Microsoft.Extensions.Logging;

namespace ActorTrain.Host.Nodes;

/// <summary>The processes of this machine that host trainers: starts each, starts it again whenever it ends, and ends them with this
/// process, however this one ends.</summary>
internal sealed class WorkerProcesses : IDisposable
{
    /// <summary>Name of a worker, before its number.</summary>
    public const string Prefix = "node-";

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    // One that lived so long was healthy.
    private static readonly TimeSpan Healthy = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(5);

    private readonly string address;
    private readonly NodeCredentials? credentials;
    private readonly IActorRef desk;
    private readonly ILogger log;
    private readonly List<Thread> keepers = [];
    private readonly Lock gate = new();
    private readonly Dictionary<string, Process> living = [];
    private readonly ManualResetEventSlim isOver = new();

    /// <param name="address">Where they join.</param>
    /// <param name="credentials">Those of this process, which they use too; null for plain text.</param>
    /// <param name="desk">Told of each end of a process.</param>
    public WorkerProcesses(int count, string address, NodeCredentials? credentials, IActorRef desk, ILogger log)
    {
        (this.address, this.credentials, this.desk, this.log) = (address, credentials, desk, log);
        for (var number = 1; number <= count; number++)
        {
            var name = $"{Prefix}{number}";

            // A process lives no longer than the thread that started it.
            var keeper = new Thread(() => Keep(name)) { IsBackground = true, Name = name };
            keepers.Add(keeper);
            keeper.Start();
        }
    }

    /// <summary>The number of the living process of a node; null if it has none.</summary>
    public int? ProcessOf(string node)
    {
        lock (gate)
            return living.TryGetValue(node, out var process) ? process.Id : null;
    }

    public void Dispose()
    {
        isOver.Set();
        Process[] left;
        lock (gate)
            left = [.. living.Values];
        foreach (var process in left)
            Close(process);
        var deadline = Stopwatch.StartNew();
        foreach (var keeper in keepers)
        {
            if (keeper.Join(EndPatience > deadline.Elapsed ? EndPatience - deadline.Elapsed : TimeSpan.Zero))
                continue;
            lock (gate)
                left = [.. living.Values];
            foreach (var process in left)
                Kill(process);
            keeper.Join(EndPatience);
        }
    }

    private void Keep(string name)
    {
        var pause = ShortestPause;
        while (!isOver.IsSet)
        {
            var began = Stopwatch.StartNew();
            try
            {
                Run(name);
            }
            catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or IOException)
            {
                log.LogWarning("{Node} cannot be started: {Reason}", name, exception.Message);
            }

            if (began.Elapsed >= Healthy)
                pause = ShortestPause;
            isOver.Wait(pause);
            pause = TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, LongestPause.Ticks));
        }
    }

    private void Run(string name)
    {
        using var process = Start(name);
        var pid = process.Id;
        lock (gate)
            living[name] = process;
        if (isOver.IsSet)
            Close(process);
        log.LogInformation("{Node} is process {Process}", name, pid);

        // It lives for as long as the run does.
        while (!process.WaitForExit(LongestPause))
        {
        }

        lock (gate)
            living.Remove(name);
        if (isOver.IsSet)
            return;
        var how = process.ExitCode > 128 ? $"was ended by signal {process.ExitCode - 128}" : $"ended with code {process.ExitCode}";
        log.LogInformation("{Node}: process {Process} {How}", name, pid, how);
        desk.Tell(new NodeProcessEnded(name, pid, $"Process {pid} of {name} {how}."), ActorRefs.NoSender);
    }

    private Process Start(string name)
    {
        // When started by `dotnet`, the program is a library.
        var program = Environment.ProcessPath!;
        string[] library = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(WorkerProcesses).Assembly.Location] : [];
        string[] secured = credentials is null ? [] : ["--certificates", credentials.Folder, "--certificate", credentials.Name];
        var start = new ProcessStartInfo(program, [.. library, "node", "--join", address, "--name", name, "--worker", .. secured])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove(ChaosProcess.Variable);
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Note(name, line.Data);
        process.ErrorDataReceived += (_, line) => Note(name, line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private void Note(string name, string? line)
    {
        if (!string.IsNullOrWhiteSpace(line))
            log.LogInformation("{Node} says: {Line}", name, line);
    }

    // It ends with its input.
    private static void Close(Process process)
    {
        try
        {
            process.StandardInput.Close();
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException)
        {
            // It has ended.
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }
}
