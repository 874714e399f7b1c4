using ActorTrain.Data.Chats;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary><c>prepare</c> for post-training, as a person runs it.</summary>
[Collection(nameof(RealRun))]
public sealed class PrepareChatsTests(RealRun real)
{
    private const string Good = """{"prompt": "2+2?", "completion": "4", "source": "sums"}""";

    [Theory]
    [InlineData("chat", Good, "2+2?", "4")]
    [InlineData("pairs", """{"prompt": "q", "chosen": "a", "rejected": "b", "margin": 2}""", "q", "a", "b")]
    [InlineData("rankings", """{"prompt": "q", "completions": ["c", "a", "b"], "ranks": [3, 1, 2]}""", "q", "a", "b", "c")]
    [InlineData("prompts", """{"prompt": "q", "answer": 4}""", "q")]
    public void Each_kind_is_prepared_and_read_back(string kind, string line, string prompt, params string[] answers)
    {
        File.WriteAllText(real.At("in.jsonl"), line + "\n");
        var said = real.Run("prepare", "--kind", kind, "--input", "in.jsonl", "--output", $"of-{kind}", "--tokenizer", "bytes", "--held-out", "0",
            "--template", "mistral", "--force").ShouldSucceed().Output;
        using var store = TokenStore.Open(real.At($"of-{kind}"));
        store.Verify();
        store.Kind.ToString().ToLowerInvariant().ShouldBe(kind);
        var part = store.TrainSequences;
        (part.Groups, part.SizeOf(0)).ShouldBe((1, Math.Max(1, answers.Length)));
        for (var i = 0; i < part.SizeOf(0); i++)
        {
            var (tokens, isTarget) = (new long[part.LengthOf(i)], new bool[part.LengthOf(i)]);
            part.Read(i, tokens, isTarget);
            var ids = tokens.Select(static id => (int)id).ToArray();
            var answer = answers.Length > 0 ? $" {answers[i]}</s>" : "";
            store.Tokenizer.Display(ids).ShouldBe($"<s>[INST] {prompt}[/INST]{answer}");
            store.Tokenizer.Display([.. ids.Where((_, at) => isTarget[at])]).ShouldBe(answer);
        }

        part.MarginOf(0).ShouldBe(kind == "pairs" ? 2 : 0);
        part.ReferenceOf(0).ShouldBe(kind == "prompts" ? """{"answer":4}""" : null);
        said.ShouldName($"1 {store.Kind.Noun()}", $"{part.Targets} targets", $"longest {part.Longest}", $"Wrote of-{kind} (vocabulary of 261)");
        if (kind == "chat")
            said.ShouldName("source");
    }

    [Fact]
    public void Special_tokens_are_reserved_with_text_and_reused_with_chats()
    {
        File.WriteAllText(real.At("in.jsonl"), Good + "\n");
        real.Run("prepare", "--input", "text.txt", "--output", "reserved", "--tokenizer", "bytes", "--template", "chatml", "--special", "<tool>", "<x>",
            "--force").ShouldSucceed();
        real.Run("prepare", "--kind", "chat", "--input", "in.jsonl", "--output", "reusing", "--tokenizer-from", "reserved", "--held-out", "0",
            "--force").ShouldSucceed();
        using var reserved = TokenStore.Open(real.At("reserved"));
        using var reusing = TokenStore.Open(real.At("reusing"));
        reusing.RequireTokenizer(reserved.Tokenizer.Identity, "it");
        reserved.Tokenizer.SpecialTokens()["<x>"].ShouldBe(260);

        var refused = real.Run("pretrain", "--set", "run.name=on-chats", "--set", "data.path=reusing");
        refused.ShouldRefuse("reusing", "chats", "actortrain sft", "text");
        Directory.Exists(real.At("runs", "on-chats")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("--kind chat --input bad.jsonl", "bad.jsonl, line 2", "\"robot\"", "--lenient")]
    [InlineData("--kind pairs --input in.jsonl", "in.jsonl, line 1", "no \"chosen\"")]
    [InlineData("--kind chats --input in.jsonl", "--kind is 'chats'", "did you mean 'chat'?")]
    [InlineData("--kind chat --input in.jsonl --template chatlm", "'chatlm'", "chatml")]
    [InlineData("--kind chat --input in.jsonl --template in.jsonl", "in.jsonl", "template")]
    [InlineData("--kind chat --input in.jsonl --max-tokens 5", "in.jsonl, line 1", "--max-tokens 5", "--too-long skip")]
    [InlineData("--kind chat --input in.jsonl --max-tokens many", "--max-tokens is 'many'")]
    [InlineData("--kind chat --input in.jsonl --too-long skip", "--too-long", "--max-tokens")]
    [InlineData("--kind chat --input in.jsonl --too-long drop", "--too-long is 'drop'")]
    [InlineData("--kind chat --input in.jsonl --targets first", "--targets is 'first'")]
    [InlineData("--kind chat --input in.jsonl --text-field x", "--text-field", "--kind text")]
    [InlineData("--kind chat --input in.jsonl --tokenizer-from plain", "plain", "<|im_start|>", "--template chatml")]
    [InlineData("--kind chat --input in.jsonl --tokenizer-from plain --special <a>", "--special", "--tokenizer-from")]
    [InlineData("--kind chat --input in.jsonl --special <|endoftext|>", "<|endoftext|>")]
    [InlineData("--kind chat --input in.jsonl --held-out 0.1", "1 chat", "--held-out 0")]
    [InlineData("--input text.txt --max-tokens 5", "--max-tokens")]
    public void What_cannot_be_prepared_is_refused_and_nothing_is_written(string line, params string[] said)
    {
        File.WriteAllText(real.At("in.jsonl"), Good + "\n");
        File.WriteAllText(real.At("bad.jsonl"), Good + "\n{\"messages\": [{\"role\": \"robot\", \"content\": \"x\"}]}\n");
        if (!Directory.Exists(real.At("plain")))
            real.Run("prepare", "--input", "text.txt", "--output", "plain", "--tokenizer", "bytes").ShouldSucceed();
        var before = real.Snapshot();
        string[] held = line.Contains("--held-out") ? [] : ["--held-out", "0"];
        string[] tokenizer = line.Contains("--tokenizer-from") ? [] : ["--tokenizer", "bytes"];
        real.Run(["prepare", "--output", "not/there/yet", .. line.Split(' '), .. held, .. tokenizer]).ShouldRefuse(said);
        real.Snapshot().ShouldBe(before);
    }

    [Fact]
    public void Malformed_records_are_skipped_and_counted_where_that_is_asked_for()
    {
        File.WriteAllText(real.At("bad.jsonl"), $"{Good}\n{{}}\nnothing\n{{\"prompt\": \"q\"}}\n{{}}\n");
        var said = real.Run("prepare", "--kind", "chat", "--input", "bad.jsonl", "--output", "lenient-chats", "--tokenizer", "bytes",
            "--held-out", "0", "--lenient").ShouldSucceed().Output;
        said.ShouldName("2 records", "bad.jsonl, line 2", "bad.jsonl, line 3", "bad.jsonl, line 4", "1 chat ");
    }
}
