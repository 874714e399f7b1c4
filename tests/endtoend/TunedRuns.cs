using System.Text;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>One folder for tests of fine-tuning, with a small pretrained model, chats for it, and a run that was fine-tuned on them.</summary>
public sealed class TunedRuns : RealRun
{
    public const int Steps = 30;
    public const int Chats = 400;

    // Each question is a word, each answer the word backwards.
    private const string Letters = "abcde";

    public TunedRuns()
    {
        Run("prepare", "--input", "text.txt", "--output", "reserved", "--tokenizer", "bytes", "--template", "chatml").ShouldSucceed();
        Run(TrainedRuns.Small("base", "data.path=reserved", "model.context=48")).ShouldSucceed();
        File.WriteAllText(At("chats.jsonl"), Words());
        Run("prepare", "--kind", "chat", "--input", "chats.jsonl", "--output", "chats", "--tokenizer-from", "base", "--held-out", "0.1")
            .ShouldSucceed();
        Run(Small("tuned")).ShouldSucceed();
    }

    /// <summary>The arguments that fine-tune a small run to the end.</summary>
    public static string[] Small(string name, params string[] more) =>
    [
        "sft",
        .. new[]
        {
            $"run.name={name}", "base.model=base", "data.path=chats", $"training.steps={Steps}", "training.batch=16", "training.lanes=4",
            "training.learning_rate=0.002", "training.warmup_steps=3", "training.threads=1", "evaluation.every=10", "checkpoints.every=3",
            "checkpoints.keep=2",
        }.Concat(more).SelectMany(static setting => new[] { "--set", setting }),
    ];

    private static string Words()
    {
        var random = new Random(5);
        var lines = new StringBuilder();
        for (var i = 0; i < Chats; i++)
        {
            var word = string.Concat(Enumerable.Range(0, 2 + random.Next(3)).Select(_ => Letters[random.Next(Letters.Length)]));
            lines.Append($$"""{"prompt": "{{word}}", "completion": "{{string.Concat(word.Reverse())}}"}""").Append('\n');
        }

        return lines.ToString();
    }
}

[CollectionDefinition(nameof(TunedRuns))]
public sealed class SharedTunedRuns : ICollectionFixture<TunedRuns>;
