using System.Text.Json;
using ActorTrain.Data.Rewards;
using ActorTrain.Data.Shards;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary><c>task</c>, and <c>prepare</c> of what it writes, as a person runs them.</summary>
[Collection(nameof(RealRun))]
public sealed class TaskTests(RealRun real)
{
    [Theory]
    [InlineData("reverse", "chat chats", "prompts prompts")]
    [InlineData("preferences", "chat chats", "prompts prompts", "pairs pairs", "rankings rankings")]
    public void What_a_task_writes_is_prepared_as_it_is(string task, params string[] kinds)
    {
        var output = $"tasks/of-{task}";
        var said = real.Run("task", task, "--output", output, "--count", "60", "--demonstrations", "50").ShouldSucceed().Output;
        using var summary = JsonDocument.Parse(File.ReadAllText(real.At(output, "task.json")));
        var reward = summary.RootElement.GetProperty("reward").GetString()!;
        said.ShouldName("60 prompts", "50 demonstrations", $"reward: {reward}", $"Wrote {output}");
        foreach (var kind in kinds.Select(static kind => kind.Split(' ')))
        {
            var prepared = $"data/{task}-{kind[0]}";
            real.Run("prepare", "--kind", kind[0], "--input", $"{output}/{kind[1]}.jsonl", "--output", prepared, "--tokenizer", "bytes")
                .ShouldSucceed().Output.ShouldNotContain("gnored");
            using var store = TokenStore.Open(real.At(prepared));
            (store.TrainSequences.Groups + store.ValidationSequences!.Groups).ShouldBe(kind[0] == "chat" ? 50 : 60);
            if (kind[0] == "prompts")
                RewardFunction.Parse(reward).RequireAnswers(store);
        }

        foreach (var labels in kinds.Skip(2).Select(kind => summary.RootElement.GetProperty(kind.Split(' ')[0]).GetProperty("bayes_accuracy")))
            said.ShouldName($"{100 * labels.GetProperty("expected").GetDouble():0.0} %", $"{100 * labels.GetProperty("observed").GetDouble():0.0} %");
    }

    [Theory]
    [InlineData("task revers --output not/there/yet", "'revers'", "did you mean 'reverse'?")]
    [InlineData("task add --output not/there/yet --count 10001", "--count 10001", "--demonstrations 5000", "10000")]
    [InlineData("task add --output text.txt", "text.txt", "is a file")]
    [InlineData("task add --output .", "already exists", "--force")]
    [InlineData("task add --output . --force", "is not a task")]
    public void What_cannot_be_generated_is_refused_and_nothing_is_written(string line, params string[] said)
    {
        var before = real.Snapshot();
        real.Run(line.Split(' ')).ShouldRefuse(said);
        real.Snapshot().ShouldBe(before);
    }
}
