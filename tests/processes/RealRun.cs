using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace ActorTrain.Tests.Processes;

/// <summary>A folder with prepared text in which real <c>actortrain</c> processes work.</summary>
public class RealRun : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("actortrain-real-").FullName;
    private readonly ConcurrentQueue<Process> started = [];

    public RealRun()
    {
        File.WriteAllText(At("text.txt"), Text());
        Run("prepare", "--input", "text.txt", "--output", "data", "--tokenizer", "bytes").ShouldSucceed();
    }

    /// <summary>A path in the folder.</summary>
    public string At(params string[] parts) => Path.Combine([folder, .. parts]);

    public string RunFolder(string name) => At("runs", name);

    /// <summary>The arguments that train one small run: about a hundred steps, a checkpoint every third.</summary>
    public static string[] Pretrain(string name, string precision, params string[] more) =>
    [
        "pretrain",
        .. new[]
        {
            $"run.name={name}", "data.path=data", "model.depth=2", "model.context=32", "training.steps=90", "training.batch=8",
                "training.lanes=4",
            "training.learning_rate=0.002", "training.warmup_steps=5", "training.seed=3", $"training.precision={precision}",
                "training.threads=1",
            "evaluation.every=30", "evaluation.batches=2", "checkpoints.every=3", "checkpoints.keep=2",
        }.Concat(more).SelectMany(static setting => new[] { "--set", setting }),
    ];

    public Process Start(params string[] arguments) => StartOn(null, arguments);

    /// <summary>Starts it on a host of a network; null: as any program of this machine.</summary>
    public Process StartOn(TestHost? host, params string[] arguments)
    {
        string[] command = [.. host?.Prefix ?? [], "dotnet", Program, .. arguments];
        return StartIn("", command[0], command[1..]);
    }

    /// <summary>Starts another program in the folder, or in one below it, with all its streams at hand.</summary>
    public Process StartIn(string below, string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = At(below),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TERM"] = "xterm";
        var process = Process.Start(start)!;
        try
        {
            started.Enqueue(Process.GetProcessById(process.Id));
        }
        catch (ArgumentException)
        {
            // It has ended already.
        }

        return process;
    }

    /// <summary>The program, as an argument of <c>dotnet</c>.</summary>
    public static string Program => Path.Combine(AppContext.BaseDirectory, "actortrain.dll");

    public Outcome Run(params string[] arguments) => RunOn(null, arguments);

    /// <summary>Runs it on a host of a network; null: as any program of this machine.</summary>
    public Outcome RunOn(TestHost? host, params string[] arguments)
    {
        using var process = StartOn(host, arguments);
        return Outcome.Of(process);
    }

    /// <summary>SHA-256 of the weights of the newest checkpoint, from its manifest, and its step.</summary>
    public (long Step, string Hash) NewestWeights(string name)
    {
        var (step, manifest) = NewestManifest(name);
        return (step, manifest.GetProperty("weightsHash").GetString()!);
    }

    /// <summary>The manifest of the newest checkpoint, and its step.</summary>
    public (long Step, JsonElement Manifest) NewestManifest(string name)
    {
        var checkpoint = Checkpoints(name)[^1];
        using var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(checkpoint, "manifest.json")));
        return (long.Parse(Path.GetFileName(checkpoint)["step-".Length..]), manifest.RootElement.Clone());
    }

    /// <summary>The folders of a run's checkpoints, oldest first.</summary>
    public string[] Checkpoints(string name) => Path.Combine(RunFolder(name), "checkpoints") is var folder && Directory.Exists(folder)
        ? [.. Directory.GetDirectories(folder, "step-*").Order(StringComparer.Ordinal)]
        : [];

    /// <summary>The steps of the current line of a run's metrics, in the order of the file.</summary>
    public IEnumerable<int> MetricSteps(string name) =>
        Metrics(name).Where(static row => row.TryGetProperty("gradient_norm", out _))
            .Select(static row => row.GetProperty("step").GetInt32());

    /// <summary>The current line of a run's metrics, read as docs/formats.md tells others to: where a branch opens, later steps do not
    /// count.</summary>
    public IReadOnlyList<JsonElement> Metrics(string name)
    {
        List<JsonElement> rows = [];
        foreach (var line in File.ReadLines(Path.Combine(RunFolder(name), "metrics.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.TryGetProperty("opened", out _))
                rows.RemoveAll(row => row.GetProperty("step").GetInt64() > json.RootElement.GetProperty("step").GetInt64());
            else
                rows.Add(json.RootElement.Clone());
        }

        return rows;
    }

    /// <summary>The words of a run's line in the list of runs: name, state, step, loss, checkpoint.</summary>
    public string[] Listed(string name) =>
        Run("runs").ShouldSucceed().Output.Split('\n').Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Single(words => words.FirstOrDefault() == name);

    /// <summary>The state of a run, as the list of runs has it.</summary>
    public string State(string name) => Listed(name)[1];

    /// <summary>Everything below the folder: the name of each folder and file, with a checksum of what a file holds; of a large one, when
    /// it was last written.</summary>
    /// <remarks>Another program takes it: .NET would not read a file that is locked.</remarks>
    public string Snapshot()
    {
        using var process =
            StartIn("", "bash",
            ["-c", "find . -print -type f -size +255k -printf '%s %T@ %i\\n' | sort && find . -type f -size -256k -print0 | sort -z | "
            + "xargs -0 cksum"]);
        return Outcome.Of(process).ShouldSucceed().Output;
    }

    public void Dispose()
    {
        // A test that failed on its way has left its processes.
        foreach (var process in started)
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            process.Dispose();
        }

        Directory.Delete(folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    private static string Text()
    {
        var random = new Random(1);
        string[] words = ["actor", "train", "lane", "tree", "sum", "kill", "resume", "bit", "step", "weight", "the", "of", "and", "same"];
        var text = new StringBuilder();
        for (var paragraph = 0; paragraph < 600; paragraph++)
            text.AppendJoin(' ', Enumerable.Range(0, 30 + random.Next(20)).Select(_ => words[random.Next(words.Length)])).Append(".\n\n");
        return text.ToString();
    }
}

/// <summary>How a process ended.</summary>
public sealed record Outcome(int ExitCode, string Output, string Error)
{
    public static Outcome Of(Process process)
    {
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        process.WaitToEnd();
        return new Outcome(process.ExitCode, process.Result(output, "did not end its output"),
            process.Result(error, "did not end its errors"));
    }

    public Outcome ShouldSucceed()
    {
        ExitCode.ShouldBe(0, Output + Error);
        return this;
    }

    /// <summary>Refused as bad input is: exit code 2, one line that says what is wrong, nothing else.</summary>
    public void ShouldRefuse(params string[] said)
    {
        ExitCode.ShouldBe(2, Output + Error);
        Error.ShouldStartWith("actortrain: ");
        Error.ShouldEndWith("\n");
        Error.Count(static letter => letter == '\n').ShouldBe(1, Error);
        foreach (var words in said)
            Error.ShouldContain(words);
    }
}
