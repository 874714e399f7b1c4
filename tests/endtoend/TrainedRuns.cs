using ActorTrain.Tests.Processes;

[assembly: AssemblyTrait("Category", "Slow")]

namespace ActorTrain.EndToEnd.Tests;

/// <summary>One folder for all tests of this project, with a trained run of each family; the tests only add to it.</summary>
public sealed class TrainedRuns : RealRun
{
    public const int Steps = 40;

    public TrainedRuns()
    {
        Run(Small("gpt2")).ShouldSucceed();
        Run(Small("llama", "model.family=llama", "model.heads=4", "model.kv_heads=2", "model.layers=2", "model.width=128")).ShouldSucceed();
    }

    /// <summary>The arguments that train a small run to the end.</summary>
    public static string[] Small(string name, params string[] more) =>
    [
        "pretrain",
        .. new[]
        {
            $"run.name={name}", "data.path=data", "model.context=32", $"training.steps={Steps}", "training.batch=8", "training.lanes=4",
            "training.learning_rate=0.004", "training.warmup_steps=5", "training.threads=1", "evaluation.every=20", "evaluation.batches=2",
            "checkpoints.every=5", "checkpoints.keep=2", "checkpoints.keep_every=20",
        }
        .Concat(more.Any(static setting => setting.StartsWith("model.layers", StringComparison.Ordinal)) ? more
            : ["model.depth=2", .. more])
        .SelectMany(static setting => new[] { "--set", setting }),
    ];
}

[CollectionDefinition(nameof(TrainedRuns))]
public sealed class SharedTrainedRuns : ICollectionFixture<TrainedRuns>;

/// <summary>One folder for tests that train their own runs: they continue beside the others.</summary>
[CollectionDefinition(nameof(RealRun))]
public sealed class SharedRealRuns : ICollectionFixture<RealRun>;
