using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary>What can be done with a model that was fine-tuned on chats.</summary>
[Collection(nameof(TunedRuns))]
public sealed class FineTunedModelTests(TunedRuns real)
{
    private static readonly string[] Short = ["--greedy", "--tokens", "12"];

    [Fact]
    public void It_answers_as_it_was_taught_also_after_an_export()
    {
        File.Exists(real.At("runs", "tuned", "tokenizer", "chat-template.json")).ShouldBeTrue();
        var answer = Generate("tuned", "--chat", "abc");
        answer.ShouldNotContain("im_start");
        answer.ShouldNotStartWith("abc");
        Generate("tuned", "--chat", "abc", "--system", "Backwards, please.").Length.ShouldBeLessThan(20);
        real.Run("export", "tuned", "--output", "chatting").ShouldSucceed();
        File.Exists(real.At("chatting", "chat-template.json")).ShouldBeTrue();
        real.Run("import", "chatting", "--output", "runs/chatting").ShouldSucceed();
        Generate("chatting", "--chat", "abc", "--precision", "float32").ShouldBe(Generate("tuned", "--chat", "abc", "--precision", "float32"));

        var three = real.Run("generate", "tuned", "--chat", "abc", "--samples", "3", "--tokens", "12").ShouldSucceed().Output;
        three.Split("---\n").Length.ShouldBe(3);
    }

    [Fact]
    public void Loss_is_measured_over_targets()
    {
        File.WriteAllText(real.At("two.jsonl"), """
            {"prompt": "abc", "completion": "cba"}
            {"prompt": "de", "completion": "ed"}

            """);
        real.Run("prepare", "--kind", "chat", "--input", "two.jsonl", "--output", "two-chats", "--tokenizer-from", "tuned", "--held-out", "0",
            "--force").ShouldSucceed();
        real.Run("eval", "tuned", "--data", "two-chats", "--part", "train").ShouldSucceed().Output
            .ShouldName("step 30: loss ", "perplexity ", "over 7 targets\n");
        real.Run("eval", "tuned", "--part", "train", "--batches", "1").ShouldSucceed();
        real.Run("eval", "tuned", "--data", "reserved").ShouldSucceed().Output.ShouldContain("bits/byte");
        real.Run("eval", "base", "--data", "chats").ShouldSucceed().Output.ShouldContain("targets");
    }

    [Theory]
    [InlineData("generate base --chat a", "runs/base has no chat template", "actortrain sft", "--prompt")]
    [InlineData("generate tuned --chat a --prompt b", "--chat and --prompt")]
    [InlineData("generate tuned --system a", "--system", "--chat")]
    [InlineData("generate plain --chat q --system s", "has no system messages", "--system")]
    [InlineData("generate broken --chat q", "chat-template.json", "restore the file")]
    [InlineData("eval tuned --data long --part train", "long holds a chat of ", "--max-tokens 49")]
    [InlineData("eval tuned --data two-chats", "two-chats has no validation split", "--part train")]
    public void A_line_is_refused(string line, params string[] said)
    {
        foreach (var (name, template) in new[]
            { ("plain", """{"user": {}, "assistant": {"end": [{"special": "<|endoftext|>"}]}}"""), ("broken", "{}") })
            CopyTuned(name, template);
        File.WriteAllText(real.At("long.jsonl"), $$"""{"prompt": "q", "completion": "{{new string('a', 60)}}"}""" + "\n");
        File.WriteAllText(real.At("two.jsonl"), """{"prompt": "abc", "completion": "cba"}""" + "\n");
        foreach (var (input, output) in new[] { ("long.jsonl", "long"), ("two.jsonl", "two-chats") })
        {
            real.Run("prepare", "--kind", "chat", "--input", input, "--output", output, "--tokenizer-from", "base", "--held-out", "0",
                "--force").ShouldSucceed();
        }

        var before = real.Snapshot();
        real.Run(line.Split(' ')).ShouldRefuse(said);
        real.Snapshot().ShouldBe(before);
    }

    [Fact]
    public void An_empty_message_is_refused() => real.Run("generate", "tuned", "--chat", " ").ShouldRefuse("--chat is empty");

    private string Generate(string name, params string[] more) => real.Run(["generate", name, .. Short, .. more]).ShouldSucceed().Output;

    private void CopyTuned(string name, string template)
    {
        if (Directory.Exists(real.At("runs", name)))
            return;
        using var copy = real.StartIn("", "cp", ["-r", "runs/tuned", $"runs/{name}"]);
        Outcome.Of(copy).ShouldSucceed();
        File.WriteAllText(real.At("runs", name, "tokenizer", "chat-template.json"), template);
    }
}
