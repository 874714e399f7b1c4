using System.Diagnostics;
using System.Text.Json;
using ActorTrain.Tests.Processes;

namespace ActorTrain.EndToEnd.Tests;

/// <summary><c>actortrain rlhf</c> with a judge over HTTP, on real processes that are really killed.</summary>
[Collection(nameof(RealRun))]
public sealed class JudgeTests
{
    private const int Steps = 6;
    private const int Prompts = 4;
    private const int Samples = 4;

    private readonly RealRun real;

    public JudgeTests(RealRun real)
    {
        this.real = real;
        if (Directory.Exists(real.RunFolder("judged")))
            return;
        real.Run(RealRun.Pretrain("judge-base", "float32", "training.steps=20")).ShouldSucceed();
        real.Run("task", "reverse", "--output", "backwards", "--count", "60", "--demonstrations", "10").ShouldSucceed();
        real.Run("prepare", "--kind", "prompts", "--input", "backwards/prompts.jsonl", "--output", "backwards/prompts", "--template", "plain",
            "--tokenizer-from", "data", "--held-out", "0.1").ShouldSucceed();
        using var judge = new JudgeServer(Score);
        real.Run(Rlhf("judged", judge.Address)).ShouldSucceed();
        judge.Calls.Count.ShouldBe(Steps * Prompts);
        judge.Calls.Select(static call => call.Key).Distinct().Count().ShouldBe(Steps * Prompts);
        judge.Calls.ShouldAllBe(static call => call.Completions.Count == Samples);
        judge.Calls[0].Body.GetProperty("prompt").GetString().ShouldNotBeNull().ShouldContain("reverse ");
        judge.Calls[0].Body.GetProperty("fields").GetProperty("answer").GetString().ShouldNotBeNullOrEmpty();
        judge.Calls[0].Body.GetProperty("run").GetString().ShouldBe("judged");
    }

    [Fact]
    public void A_run_killed_while_the_judge_thinks_ends_the_same_and_asks_nothing_again_that_was_recorded()
    {
        Process? victim = null;
        using var judge = new JudgeServer(call =>
        {
            if (call.Number is not (7 or 15))
                return Score(call);
            victim!.Kill();
            return null;
        });
        List<(string Key, int Calls)> recorded = [];
        for (var kill = 0; kill < 2; kill++)
        {
            using (victim = real.Start(Rlhf("judged-killed", judge.Address)))
            {
                victim.WaitToEnd();
                victim.ExitCode.ShouldNotBe(0);
            }

            var lines = File.ReadAllLines(Judgements("judged-killed"));
            lines.ShouldNotBeEmpty();
            recorded.AddRange(lines.Select(KeyOf).Select(key => (key, judge.Calls.Count(call => call.Key == key))));

            // The scores that it is trained on are not only there.
            if (Directory.Exists(Ledger("judged-killed")))
                Directory.Delete(Ledger("judged-killed"), recursive: true);
        }

        real.Run(Rlhf("judged-killed", judge.Address)).ShouldSucceed();
        real.NewestWeights("judged-killed").ShouldBe(real.NewestWeights("judged"));
        recorded.ShouldAllBe(one => judge.Calls.Count(call => call.Key == one.Key) == one.Calls);

        // Only what was under way at a kill, or answered and not recorded yet, was asked twice: not half of it.
        judge.Calls.Count.ShouldBeLessThanOrEqualTo((Steps * Prompts) + (Steps * Prompts / 2));
        judge.Calls.Select(static call => call.Key).Distinct().Count().ShouldBe(Steps * Prompts);

        // The past is never asked about.
        var calls = judge.Calls.Count;
        real.Run("replay", "judged-killed", "--repair").ShouldSucceed();
        using var audit = JsonDocument.Parse(real.Run("audit", "judged-killed", "--json").ShouldSucceed().Output);
        audit.RootElement.GetProperty("rollouts").GetProperty("rewards_compared").GetInt64().ShouldBe(Steps * Prompts * Samples);
        judge.Calls.Count.ShouldBe(calls);
        foreach (var file in Directory.GetFiles(Ledger("judged")))
            File.ReadAllText(Path.Combine(Ledger("judged-killed"), Path.GetFileName(file))).ShouldBe(File.ReadAllText(file));

        // What is lost of it cannot be made up.
        File.Move(Judgements("judged-killed"), Judgements("judged-killed") + ".away");
        var lost = real.Run("audit", "judged-killed");
        lost.ExitCode.ShouldBe(1);
        lost.Output.ShouldName("judgements.jsonl has no scores", "restore");
        File.Delete(Path.Combine(Ledger("judged-killed"), "step-00000003.jsonl"));
        var repair = real.Run("replay", "judged-killed", "--repair");
        repair.ExitCode.ShouldBe(2);
        repair.Error.ShouldName("judgements.jsonl has no scores", "restore");
        File.Move(Judgements("judged-killed") + ".away", Judgements("judged-killed"));
        real.Run("replay", "judged-killed", "--repair").ShouldSucceed();
        judge.Calls.Count.ShouldBe(calls);
    }

    [Fact]
    public void A_run_waits_for_a_judge_that_is_away_says_so_once_and_stops_in_order_when_told_to()
    {
        using (var process = real.Start(Rlhf("judged-away", JudgeServer.Nowhere())))
        {
            var said = WaitFor(process, "waits for its scores");
            said.ShouldName("The judge at http://127.0.0.1:", "cannot be reached", "Step 0");
            real.Run("status", "judged-away").ShouldSucceed().Output.ShouldContain("run: waiting for the judge");
            Process.Start("kill", ["-TERM", $"{process.Id}"])!.WaitToEnd();
            var rest = process.ReadToEnd();
            process.WaitToEnd();
            process.ExitCode.ShouldBe(0, rest);
            rest.ShouldNotContain("waits for its scores");
            rest.ShouldContain("saved at step 0");
        }

        // It is back, elsewhere.
        using var judge = new JudgeServer(Score);
        real.Run(Rlhf("judged-away", judge.Address)).ShouldSucceed();
        real.NewestWeights("judged-away").ShouldBe(real.NewestWeights("judged"));
    }

    [Fact]
    public void A_judge_that_refuses_ends_the_run_in_order_and_it_is_resumed_when_the_judge_is_right()
    {
        using var judge = new JudgeServer(static call => call.Number >= 9 && call.Authorization != "Bearer let-me-in"
            ? new JudgeResponse(401, "who are you?") : Score(call));
        real.Run(Rlhf("judged-refused", judge.Address)).ShouldRefuse(judge.Address, "status 401 (who are you?)", "ACTORTRAIN_JUDGE_TOKEN");
        real.Checkpoints("judged-refused").ShouldNotBeEmpty();
        using var token = real.StartIn("", "env", ["ACTORTRAIN_JUDGE_TOKEN=let-me-in", "dotnet", RealRun.Program,
            .. Rlhf("judged-refused", judge.Address)]);
        Outcome.Of(token).ShouldSucceed();
        real.NewestWeights("judged-refused").ShouldBe(real.NewestWeights("judged"));
        Directory.GetFiles(real.RunFolder("judged-refused"), "*", SearchOption.AllDirectories)
            .Where(static file => File.ReadAllText(file).Contains("let-me-in", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public void An_evaluation_asks_each_question_once()
    {
        using var judge = new JudgeServer(Score);
        real.Run(Rlhf("judged-measured", judge.Address)).ShouldSucceed();
        var trained = judge.Calls.Count;
        var measured = real.Run("eval", "judged-measured").ShouldSucceed().Output;
        measured.ShouldName("greedy", "6 prompts");
        judge.Calls.Count.ShouldBeInRange(trained + 1, trained + (2 * 6));
        var calls = judge.Calls.Count;
        real.Run("eval", "judged-measured").ShouldSucceed().Output.ShouldBe(measured);
        judge.Calls.Count.ShouldBe(calls);
        real.Run("rollouts", "judged-measured", "--samples", "1").ShouldSucceed().Output.ShouldContain("judge");
    }

    [Fact]
    public void What_cannot_be_a_judge_is_refused_and_nothing_is_begun_or_changed()
    {
        var before = real.Snapshot();
        real.Run(Rlhf("no", "judge.example.com/score")).ShouldRefuse("scoring.judge", "https://HOST:PORT/PATH");
        real.Run(Rlhf("no", "ftp://judge.example.com/")).ShouldRefuse("scoring.judge", "https://HOST:PORT/PATH");
        real.Run(Rlhf("no", "http://me:secret@judge.example.com/")).ShouldRefuse("scoring.judge", "ACTORTRAIN_JUDGE_TOKEN");
        real.Run(Rlhf("no", "http://judge.example.com/#top")).ShouldRefuse("scoring.judge", "#top");
        real.Run(Rlhf("no", "")).ShouldRefuse("scoring.function", "scoring.judge");
        using var token = real.StartIn("", "env", ["ACTORTRAIN_JUDGE_TOKEN=two words", "dotnet", RealRun.Program,
            .. Rlhf("no", "http://judge.example.com/")]);
        Outcome.Of(token).ShouldRefuse("ACTORTRAIN_JUDGE_TOKEN");
        real.Run(Rlhf("judged", "", "scoring.function=exact")).ShouldRefuse("scoring.judge", "scoring.function");
        real.Run(Rlhf("judged", "", "scoring.function=exact")).ShouldRefuse("scoring.judge");
        real.Snapshot().ShouldBe(before);
    }

    // A function of the text, so that two runs get the same answers.
    private static JudgeResponse Score(JudgeCall call) => JudgeResponse.Scores(call.Completions.Select(static text =>
        text.Length == 0 ? (double?)null : text.Count(static letter => letter is 'a' or 'e' or ' ') - (0.125 * text.Length)));

    private static string[] Rlhf(string name, string judge, params string[] more) =>
    [
        "rlhf",
        .. new[]
        {
            $"run.name={name}", "base.model=judge-base", "data.path=backwards/prompts", $"training.steps={Steps}",
            $"training.batch={Prompts}", "training.lanes=2", "training.micro_batch=1", "training.learning_rate=0.001",
            "training.warmup_steps=2", "training.threads=1", "checkpoints.every=2", "checkpoints.keep=2", $"rollouts.samples={Samples}",
            "rollouts.max_tokens=6", $"scoring.judge={judge}", "scoring.judge_at_once=2",
        }
        .Concat(more).SelectMany(static setting => new[] { "--set", setting }),
    ];

    private static string KeyOf(string line)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.GetProperty("key").GetString()!;
    }

    private static string WaitFor(Process process, string words)
    {
        while (process.ReadLine() is { } line)
        {
            if (line.Contains(words, StringComparison.Ordinal))
                return line;
        }

        throw new InvalidOperationException($"The run ended without \"{words}\": {process.StandardError.ReadToEnd()}");
    }

    private string Ledger(string run) => Path.Combine(real.RunFolder(run), "rollouts");

    private string Judgements(string run) => Path.Combine(real.RunFolder(run), "judgements.jsonl");
}
