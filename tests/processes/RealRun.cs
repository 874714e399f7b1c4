using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace ActorTrain.Chaos.Tests;

/// <summary>A folder with prepared text in which real <c>actortrain</c> processes train small runs.</summary>
public sealed class RealRun : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("actortrain-chaos-").FullName;

    public RealRun()
    {
        File.WriteAllText(Path.Combine(folder, "text.txt"), Text());
        Run("prepare", "--input", "text.txt", "--output", "data", "--tokenizer", "bytes").ShouldSucceed();
    }

    public string RunFolder(string name) => Path.Combine(folder, "runs", name);

    /// <summary>The arguments that train one small run: about a hundred steps, a checkpoint every third.</summary>
    public static string[] Pretrain(string name, string precision, params string[] more) =>
    [
        "pretrain",
        .. new[]
        {
            $"run.name={name}", "data.path=data", "model.depth=2", "model.context=32", "training.steps=90", "training.batch=8", "training.lanes=4",
            "training.learning_rate=0.002", "training.warmup_steps=5", "training.seed=3", $"training.precision={precision}", "training.threads=1",
            "evaluation.every=30", "evaluation.batches=2", "checkpoints.every=3", "checkpoints.keep=2",
        }.Concat(more).SelectMany(static setting => new[] { "--set", setting }),
    ];

    public Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "actortrain.dll"));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    public Outcome Run(params string[] arguments)
    {
        using var process = Start(arguments);
        return Outcome.Of(process);
    }

    /// <summary>SHA-256 of the weights of the newest checkpoint, from its manifest, and its step.</summary>
    public (long Step, string Hash) NewestWeights(string name)
    {
        var checkpoint = Directory.GetDirectories(Path.Combine(RunFolder(name), "checkpoints"), "step-*").Order(StringComparer.Ordinal).Last();
        using var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(checkpoint, "manifest.json")));
        return (long.Parse(Path.GetFileName(checkpoint)["step-".Length..]), Find(manifest.RootElement, "weights_hash", "weightsHash", "WeightsHash"));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Find(JsonElement manifest, params string[] names) =>
        names.Where(name => manifest.TryGetProperty(name, out _)).Select(name => manifest.GetProperty(name).GetString()!).First();

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
        process.WaitForExit();
        return new Outcome(process.ExitCode, output.Result, error.Result);
    }

    public Outcome ShouldSucceed()
    {
        ExitCode.ShouldBe(0, Output + Error);
        return this;
    }
}
