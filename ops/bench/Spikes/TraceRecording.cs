using System.Diagnostics;
using ActorTrain.Models;
using ActorTrain.Models.Runtime;

namespace ActorTrain.Bench.Spikes;

/// <summary>Records the traces whose files are missing: `dotnet run --project ops/bench -c Release -- spike-traces`, minutes on one core.
/// Delete a file to record it anew.</summary>
internal static class TraceRecording
{
    private const string Bible = "artifacts/text/kjv.txt";
    private const string Licence = "/usr/share/common-licenses/GPL-3";

    // Early, while the loss falls fast; in the middle; and late, when the rate is low.
    private static readonly long[] DisturbedAt = [110, 240, 420];

    private static readonly TracedRunOptions[] Runs =
    [
        new("tuning-1", "tuning", Model(ModelFamily.Gpt2, 2, 64), Precision.Float32, 16, 2e-3, 1, true),
        new("tuning-2", "tuning", Model(ModelFamily.Gpt2, 2, 64), Precision.BFloat16, 8, 1e-3, 2, false),
        new("tuning-3", "tuning", Model(ModelFamily.Llama, 2, 64), Precision.BFloat16, 16, 2e-3, 3, false),
        new("tuning-4", "tuning", Model(ModelFamily.Llama, 1, 96), Precision.BFloat16, 8, 4e-3, 4, false),
        new("tuning-5", "tuning", Model(ModelFamily.Gpt2, 1, 128), Precision.BFloat16, 16, 3e-3, 5, false),
        new("held-out-1", "held-out", Model(ModelFamily.Gpt2, 2, 64), Precision.BFloat16, 16, 2e-3, 21, true),
        new("held-out-2", "held-out", Model(ModelFamily.Gpt2, 3, 64), Precision.BFloat16, 8, 2e-3, 22, false),
        new("held-out-3", "held-out", Model(ModelFamily.Llama, 2, 64), Precision.Float32, 8, 3e-3, 23, false),
        new("held-out-4", "held-out", Model(ModelFamily.Llama, 2, 96), Precision.BFloat16, 16, 1e-3, 24, false),
        new("held-out-5", "held-out", Model(ModelFamily.Gpt2, 1, 96), Precision.BFloat16, 32, 4e-3, 25, false),
        new("held-out-6", "held-out", Model(ModelFamily.Gpt2, 2, 128), Precision.BFloat16, 16, 3e-3, 26, false),
    ];

    public static void Run()
    {
        if (!File.Exists(Bible))
            throw new UserErrorException($"{Bible} is missing; write it by 'mkdir -p artifacts/text && ops/kjv-text.sh > {Bible}'.");
        var text = new TraceText(File.ReadAllText(Bible), File.ReadAllText(Licence));
        var folder = SpikeBench.TracesFolder;
        Directory.CreateDirectory(folder);
        ComputeThreads.Set(1);
        foreach (var options in Runs.Where(options => !File.Exists(SpikeTraces.PathOf(folder, options.Name))))
        {
            var started = Stopwatch.GetTimestamp();
            using var run = new TracedRun(options, text);
            run.Record(DisturbedAt).Write(folder);
            Console.WriteLine($"{options.Name}: {options.Description}, {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s");
        }
    }

    private static ModelOptions Model(ModelFamily family, int layers, int width) => new()
    {
        Family = family,
        Layers = layers,
        Width = width,
        Heads = width / 32,
        KeyValueHeads = width / 32,
        MlpWidth = 4 * width,
        ContextLength = 64,
        VocabularySize = TraceText.Vocabulary,
        TieEmbeddings = family == ModelFamily.Gpt2,
    };
}
