using System.Diagnostics;
using System.Globalization;
using ActorTrain.Models;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Metrics;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Persistence.Tests;

/// <summary>What a test runs in a process of its own, to be killed, or to live under limits that would not suit the test's own
/// process.</summary>
public static class ChildProgram
{
    /// <summary>Large enough that a kill falls inside the writing of a file too.</summary>
    internal static FlatLayout LargeLayout { get; } =
        FlatLayout.Of([("tokens.weight", [1000, 300]), ("blocks.0.mlp.up.weight", [900, 300]), ("norm.weight", [300])]);

    public static int Main(string[] arguments)
    {
        try
        {
            Act(arguments);
            return 0;
        }
        catch (UserErrorException exception)
        {
            Console.WriteLine(exception.Message);
            return 2;
        }
    }

    /// <summary>Starts this assembly again; the command line may be wrapped in another one, such as <c>sh -c</c>.</summary>
    internal static Process Start(IEnumerable<string> arguments, params string[] wrapper)
    {
        string[] command = [.. wrapper, Environment.ProcessPath is { } dotnet && Path.GetFileName(dotnet) == "dotnet" ? dotnet : "dotnet",
            "exec", typeof(ChildProgram).Assembly.Location, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardInput = true };
        return Process.Start(start)!;
    }

    private static void Act(string[] arguments)
    {
        switch (arguments)
        {
            case ["commit", var directory, var first]:
                CommitForever(directory, long.Parse(first, CultureInfo.InvariantCulture));
                break;
            case ["replace", var directory, var first]:
                ReplaceForever(directory, int.Parse(first, CultureInfo.InvariantCulture));
                break;
            case ["commit-one", var directory, var step]:
                var store = Open(directory);
                store.Commit(long.Parse(step, CultureInfo.InvariantCulture), LargeLayout);
                break;
            case ["fill", var directory]:
                Report(directory, () => CommitForever(directory, 1, keep: 10, silent: true));
                break;
            case ["fill-and-free", var directory]:
                FillAndFree(directory);
                break;
            case ["refused", var directory]:
                Report(directory, () => new CheckpointStore(directory, new CheckpointStoreOptions(), TimeProvider.System)
                    .Commit(2, LargeLayout));
                break;
            case ["read-only", var directory]:
                Open(directory).Commit(1, LargeLayout);
                using (var mount = Process.Start("mount", ["-o", "remount,ro", directory]))
                    mount.WaitToEnd();
                Report(directory, () => new CheckpointStore(directory, new CheckpointStoreOptions(), TimeProvider.System)
                    .Commit(2, LargeLayout));
                break;
            case ["metrics", var path, var first]:
                AppendForever(path, long.Parse(first, CultureInfo.InvariantCulture));
                break;
            case ["lock", var root, var name]:
                using (var held = new RunDirectory(root, name).Lock())
                {
                    held.MarkRunning();
                    Console.WriteLine("locked");
                    Console.ReadLine();
                }

                break;
            default:
                throw new ArgumentException("Unknown command.", nameof(arguments));
        }
    }

    private static CheckpointStore Open(string directory, int keep = 2) =>
        new(directory, new CheckpointStoreOptions { KeepLast = keep }, TimeProvider.System);

    private static void CommitForever(string directory, long first, int keep = 2, bool silent = false)
    {
        var store = Open(directory, keep);
        for (var step = first; ; step++)
        {
            store.Commit(step, LargeLayout);
            if (!silent)
                Console.WriteLine(step);
        }
    }

    private static void FillAndFree(string directory)
    {
        var store = Open(directory, keep: 10);
        store.Commit(1, LargeLayout);
        store.Commit(2, LargeLayout);
        var hash = store.List()[0].Manifest!.WeightsHash;
        var filler = Path.Combine(directory, "filler");
        try
        {
            using var file = new FileStream(filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            while (true)
                file.Write(new byte[4096]);
        }
        catch (IOException)
        {
        }

        Report(directory, () => store.Commit(3, LargeLayout));
        Report(directory, () => store.Commit(4, LargeLayout));
        Report(directory, () => store.MarkGood(2, hash, 100));
        File.Delete(filler);
        store.Discard([1]);
        Report(directory, () =>
        {
            store.MarkGood(2, hash, 100);
            store.Commit(5, LargeLayout);
        });
    }

    /// <summary>Tells how an act failed, and what is on the disk afterwards.</summary>
    private static void Report(string directory, Action act)
    {
        try
        {
            act();
        }
        catch (UserErrorException exception)
        {
            Console.WriteLine(exception.Message);
        }

        foreach (var info in new CheckpointArchive(directory).List())
            Console.WriteLine(
                $"{(CheckpointArchive.Verify(info) is null ? "whole" : "broken")} {info.Step}{(info.ProvedAt is null ? "" : " good")}");
        Console.WriteLine($"entries {Directory.EnumerateFileSystemEntries(directory).Count()}");
    }

    private static void ReplaceForever(string directory, int first)
    {
        var store = Open(directory);
        for (var version = first; ; version++)
        {
            store.Commit(1, LargeLayout, version);
            Console.WriteLine(version);
        }
    }

    private static void AppendForever(string path, long first)
    {
        using var log = BranchedLogs.Metrics(path, first - 1);
        for (var step = first; ; step++)
        {
            log.Append(new StepMetrics(step, 1.0 / step, step, 1e-3, 2048 * step, 0.25, 8192, 55.5));
            Console.WriteLine(step);
        }
    }
}
