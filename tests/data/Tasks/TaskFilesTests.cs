using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorTrain.Data.Chats;
using ActorTrain.Data.Preparation;
using ActorTrain.Data.Rewards;
using ActorTrain.Data.Shards;
using ActorTrain.Data.Sources;
using ActorTrain.Data.Tasks;
using ActorTrain.Data.Tests.Chats;
using ActorTrain.Data.Tokenizers;
using ActorTrain.Models;

namespace ActorTrain.Data.Tests.Tasks;

public sealed class TaskFilesTests : IDisposable
{
    private static readonly JsonSerializerOptions Verbatim = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<TaskName> All => [.. Enum.GetValues<TaskName>()];

    /// <summary>Against make_tasks.py, which was written from the description of the tasks.</summary>
    [Theory]
    [MemberData(nameof(All))]
    public void Files_are_those_of_an_independent_implementation(TaskName task)
    {
        var cases = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "tasks.json")))!.AsArray()
            .Where(golden => golden!["task"]!.GetValue<string>().Equals(task.ToString(), StringComparison.OrdinalIgnoreCase)).ToList();
        cases.Count.ShouldBe(2);
        foreach (var golden in cases)
        {
            var output = folder.Of("task");
            var summary = TaskFiles.Write(Options(task) with
            {
                Seed = golden!["seed"]!.GetValue<ulong>(),
                Count = 6,
                Demonstrations = 6,
                Mistakes = 0.5,
                Completions = 3,
                Force = true,
            });
            summary.Reward.ShouldBe(golden["reward"]!.GetValue<string>());
            var files = golden["files"]!.AsObject();
            Directory.EnumerateFiles(output).Select(Path.GetFileName).ShouldBe(files.Select(static file => file.Key).Append("task.json"), ignoreOrder: true);
            foreach (var (name, lines) in files)
            {
                File.ReadAllText(Path.Combine(output, name)).ShouldBe(
                    string.Concat(lines!.AsArray().Select(static line => line!.ToJsonString(Verbatim) + "\n")), name);
            }

            Near(summary.Pairs, golden["pairs"]);
            Near(summary.Rankings, golden["rankings"]);
        }

        static void Near(LabelSummary? labels, JsonNode? golden)
        {
            (labels is null).ShouldBe(golden is null);
            if (labels is null || golden is null)
                return;
            labels.BayesAccuracy.Expected.ShouldBe(golden["expected"]!.GetValue<double>(), 1e-12);
            labels.BayesAccuracy.Observed.ShouldBe(golden["observed"]!.GetValue<double>(), 1e-12);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void No_prompt_occurs_twice(TaskName task)
    {
        foreach (var seed in new ulong[] { 1, 2, ulong.MaxValue })
        {
            var names = Written(Options(task) with { Seed = seed, Count = 1500, Demonstrations = 700, Force = true })
                .SelectMany(static file => file.Value.Select(static record => record["prompt"])).ToList();
            names.Count.ShouldBe(task is TaskName.Preferences ? 5200 : 2200);
            names.Distinct().Count().ShouldBe(names.Count);
        }
    }

    [Theory]
    [InlineData(TaskName.Add)]
    [InlineData(TaskName.Brackets)]
    [InlineData(TaskName.Sort)]
    public void Every_problem_of_a_task_has_one_position(TaskName task)
    {
        var problems = (Options(task) with { Seed = 5 }).Problems;
        Enumerable.Range(0, (int)problems.Count).Select(position => problems[position].Prompt).Distinct().Count()
            .ShouldBe((int)problems.Count);
        Should.Throw<ArgumentOutOfRangeException>(() => problems[problems.Count]);
        Should.Throw<ArgumentOutOfRangeException>(() => problems[-1]);
    }

    [Fact]
    public void Answers_are_right()
    {
        foreach (var seed in Enumerable.Range(1, 200).Select(static seed => (ulong)seed * 0x9E3779B97F4A7C15))
        {
            var (reverse, sort, add, brackets) =
                (new ReverseProblems(seed)[7], new SortProblems(seed)[8], new AddProblems(seed)[9], new BracketProblems(seed)[10]);
            Asked(reverse).Reverse().ShouldBe(reverse.Answer);
            Asked(sort).OrderBy(static digit => digit - '0').ShouldBe(sort.Answer);
            $"{Asked(add).Split('+').Sum(int.Parse):000}".ShouldBe(add.Answer);
            var text = Asked(brackets) + brackets.Answer;
            for (var before = ""; text != before;)
            {
                before = text;
                text = text.Replace("()", "").Replace("[]", "").Replace("{}", "");
            }

            text.ShouldBeEmpty();
            brackets.Answer.ShouldNotBeEmpty();
            brackets.Answer.ShouldAllBe(static bracket => ")]}".Contains(bracket));
        }

        static string Asked(Problem problem) => problem.Prompt.Split(' ')[1].TrimEnd(':');
    }

    [Theory]
    [MemberData(nameof(All))]
    public void The_reward_of_a_task_is_highest_for_its_answer(TaskName task)
    {
        var files = Written(Options(task) with { Count = 100 });
        var reward = RewardFunction.Parse(
            JsonNode.Parse(File.ReadAllText(folder.Of("task/task.json")))!["reward"]!.GetValue<string>());
        reward.NeedsAnswer.ShouldBeTrue();
        foreach (var record in files["prompts.jsonl"])
        {
            var (prompt, answer) = (record["prompt"], record["answer"]);
            double? Of(string completion) => reward.Score(new RewardInput(prompt, completion, true, completion.Length + 1,
                JsonSerializer.Serialize(new Dictionary<string, string> { ["answer"] = answer }))).Total;
            Of(answer)!.Value.ShouldBeGreaterThan(Of("zzzzzzzzzzzzzzzzzzzzzzzz")!.Value);
            if (task is not TaskName.Preferences)
                Of(answer)!.Value.ShouldBeGreaterThan(Of(answer + answer[^1] + "7")!.Value);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    [InlineData(1)]
    public void A_share_of_the_demonstrations_has_one_wrong_character(double mistakes)
    {
        foreach (var task in Enum.GetValues<TaskName>().Except([TaskName.Preferences]))
        {
            var options = Options(task) with { Demonstrations = 1000, Mistakes = mistakes, Force = true };
            var right = Written(options with { Mistakes = 0 })["chats.jsonl"];
            var wrong = Written(options)["chats.jsonl"].Zip(right).Where(static both => both.First["completion"] != both.Second["completion"]).ToList();
            wrong.ShouldAllBe(static both => both.First["prompt"] == both.Second["prompt"]
                && both.First["completion"].Length == both.Second["completion"].Length
                && both.First["completion"].Zip(both.Second["completion"]).Count(static pair => pair.First != pair.Second) == 1);

            // Four standard deviations of 1000 independent draws.
            wrong.Count.ShouldBeInRange((int)(1000 * mistakes) - 58, (int)(1000 * mistakes) + 58);
            if (mistakes is 0 or 1)
                wrong.Count.ShouldBe((int)(1000 * mistakes));
        }
    }

    [Fact]
    public void Noise_lowers_the_bayes_accuracy_and_the_labels_agree_with_it()
    {
        var last = 1.01;
        foreach (var noise in new[] { 0, 0.1, 0.5, 2, 1e6 })
        {
            var summary = TaskFiles.Write(Options(TaskName.Preferences) with { Count = 4000, Noise = noise, Force = true });
            foreach (var labels in new[] { summary.Pairs!, summary.Rankings! })
            {
                var (expected, observed) = labels.BayesAccuracy;
                expected.ShouldBeLessThan(last);
                observed.ShouldBe(expected, 4 * Math.Sqrt(0.25 / 4000));
            }

            last = summary.Pairs!.BayesAccuracy.Expected;
            if (noise == 0)
                summary.Pairs.BayesAccuracy.Observed.ShouldBe(last);
        }

        last.ShouldBe(0.5, 1e-5);
    }

    [Fact]
    public void The_scores_order_pairs_and_rankings_as_often_as_the_summary_says()
    {
        var files = Written(Options(TaskName.Preferences) with { Count = 300 });
        var summary = JsonNode.Parse(File.ReadAllText(folder.Of("task/task.json")))!;
        var reward = RewardFunction.Parse(summary["reward"]!.GetValue<string>());
        double Score(string prompt, string completion) => reward.Score(new RewardInput(prompt, completion, true, 1,
            $$"""{"answer": "{{prompt.Split(' ')[1].TrimEnd(':')}}"}""")).Total!.Value;
        var agreed = files["pairs.jsonl"].Average(record =>
            Score(record["prompt"], record["chosen"]).CompareTo(Score(record["prompt"], record["rejected"])) switch { > 0 => 1, 0 => 0.5, _ => 0 });
        agreed.ShouldBe(summary["pairs"]!["bayes_accuracy"]!["observed"]!.GetValue<double>(), 1e-12);
        File.ReadLines(folder.Of("task/rankings.jsonl")).ShouldAllBe(static line =>
            JsonNode.Parse(line, null, default)!["completions"]!.AsArray().Select(static text => text!.GetValue<string>()).Distinct().Count() == 4);
    }

    [Fact]
    public void Prompts_for_training_and_validation_are_different_ones()
    {
        foreach (var task in Enum.GetValues<TaskName>())
        {
            var output = folder.Of("task");
            TaskFiles.Write(Options(task) with { Count = 400, Demonstrations = 200, Force = true });
            foreach (var (kind, file) in new[]
            {
                (DataKind.Prompts, "prompts"), (DataKind.Chat, "chats"), (DataKind.Pairs, "pairs"), (DataKind.Rankings, "rankings"),
            })
            {
                if (task is not TaskName.Preferences && kind is DataKind.Pairs or DataKind.Rankings)
                    continue;

                // Each record twice: equal prompts stay together.
                var lines = File.ReadAllText(Path.Combine(output, $"{file}.jsonl"));
                var input = folder.Write($"{file}.jsonl", lines + lines);
                CorpusPreparation.Run(new PreparationOptions
                {
                    Source = new SourceOptions { Inputs = [input] },
                    Output = folder.Of("out"),
                    Kind = kind,
                    Tokenizer = TokenizerKind.Bytes,
                    ValidationFraction = 0.1,
                    Force = true,
                });
                using var store = TokenStore.Open(folder.Of("out"));
                var (train, validation) = (Prompts(store, store.TrainSequences), Prompts(store, store.ValidationSequences!));
                validation.ShouldNotBeEmpty();
                train.Intersect(validation).ShouldBeEmpty();
                if (kind is DataKind.Prompts)
                    RewardFunction.Parse("exact").RequireAnswers(store);
            }
        }

        static HashSet<string> Prompts(TokenStore store, SequencePart part) =>
            [.. Chat.Groups(store, part).Select(static group => group[0].Split(Chat.Begin)[0])];
    }

    [Fact]
    public void The_same_options_give_the_same_bytes_and_another_seed_others()
    {
        foreach (var task in Enum.GetValues<TaskName>())
        {
            TaskFiles.Write(Options(task) with { Force = true, Count = 50 });
            var first = folder.Snapshot();
            TaskFiles.Write(Options(task) with { Force = true, Count = 50 });
            folder.Snapshot().ShouldBe(first);
            TaskFiles.Write(Options(task) with { Force = true, Count = 50, Seed = 2 });
            folder.Snapshot().ShouldNotBe(first);
        }
    }

    [Fact]
    public void More_prompts_leave_the_others_and_the_demonstrations_as_they_are()
    {
        var few = Written(Options(TaskName.Reverse) with { Count = 10, Demonstrations = 20 });
        var many = Written(Options(TaskName.Reverse) with { Count = 30, Demonstrations = 30, Force = true });
        foreach (var (name, count) in new[] { ("prompts.jsonl", 10), ("chats.jsonl", 20) })
            many[name].Take(count).Select(static record => record["prompt"]).ShouldBe(few[name].Select(static record => record["prompt"]));
        Written(Options(TaskName.Reverse) with { Demonstrations = 0, Force = true }).Keys.ShouldBe(["prompts.jsonl"]);
    }

    [Fact]
    public void What_is_refused_or_cancelled_leaves_nothing_behind()
    {
        var before = folder.Snapshot();
        Should.Throw<UserErrorException>(() => TaskFiles.Write(Options(TaskName.Add) with { Count = 9_990, Demonstrations = 11 }))
            .Message.ShouldName("Count 9990 | Demonstrations 11 | 10001 | 10000");
        Should.Throw<UserErrorException>(() => TaskFiles.Write(Options(TaskName.Preferences) with { Count = 800_000 }))
            .Message.ShouldName("2405000");
        Should.Throw<UserErrorException>(() => TaskFiles.Write(Options(TaskName.Sort) with { Output = " " }));
        Should.Throw<UserErrorException>(() => TaskFiles.Write(Options(TaskName.Sort) with { Mistakes = 1.5 })).Message.ShouldName("at most 1");
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Should.Throw<OperationCanceledException>(() => TaskFiles.Write(Options(TaskName.Sort), cancelled.Token));
        folder.Snapshot().ShouldBe(before);

        folder.Write("task/mine.txt", "kept");
        before = folder.Snapshot();
        Should.Throw<UserErrorException>(() => TaskFiles.Write(Options(TaskName.Sort))).Message.ShouldName("already exists | --force");
        Should.Throw<UserErrorException>(() => TaskFiles.Write(Options(TaskName.Sort) with { Force = true })).Message.ShouldName("is not a task");
        folder.Snapshot().ShouldBe(before);
        TaskFiles.Write(Options(TaskName.Add) with { Output = folder.Of("whole"), Count = 9_990, Demonstrations = 10 });
    }

    private TaskOptions Options(TaskName task) => new() { Task = task, Output = folder.Of("task") };

    private static Dictionary<string, List<Dictionary<string, string>>> Written(TaskOptions options)
    {
        TaskFiles.Write(options);
        return Directory.EnumerateFiles(options.Output, "*.jsonl").ToDictionary(static file => Path.GetFileName(file), static file =>
            File.ReadLines(file).Select(static line => JsonNode.Parse(line, null, default)!.AsObject()
                .ToDictionary(static field => field.Key, static field => field.Value is JsonValue text ? text.GetValue<string>() : "")).ToList());
    }
}
