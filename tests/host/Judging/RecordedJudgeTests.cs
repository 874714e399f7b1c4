using ActorTrain.Actors.Judging;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Data.Rewards;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Rollouts;
using ActorTrain.Tests.Processes;

namespace ActorTrain.Host.Tests.Judging;

/// <summary>The first recorded answer of a judge is the truth, whoever is killed before or after.</summary>
public sealed class RecordedJudgeTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(17);

    private readonly string folder = Directory.CreateTempSubdirectory("actortrain-judge-").FullName;
    private readonly HurriedTime time = new(Limit);
    private readonly List<IDisposable> owned = [];

    private string Kept => Path.Combine(folder, "judgements.jsonl");

    public void Dispose()
    {
        owned.ForEach(static one => one.Dispose());
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void An_answer_counts_for_ever_and_its_question_is_not_asked_again()
    {
        var server = Serve(static call => JudgeResponse.Scores(call.Completions.Select(completion => (double?)(completion.Length + call.Number))));
        using (var judge = Recorded(server))
            Totals(Device(judge), 7, "ab", "c").ShouldBe([3, 2]);

        // Another process, another worker, another attempt.
        using (var judge = Recorded(server))
        {
            Totals(Device(judge), 7, "ab", "c").ShouldBe([3, 2]);
            Totals(Device(judge), 7, "ab", "c").ShouldBe([3, 2]);
            server.Calls.ShouldHaveSingleItem();

            // Other questions are.
            Totals(Device(judge), 8, "ab", "c").ShouldBe([4, 3]);
            Totals(Device(judge), 7, "c", "ab").ShouldBe([4, 5]);
            Totals(Device(judge, static sources => sources with { Seed = 2 }), 7, "ab", "c").ShouldBe([6, 5]);
        }

        using var past = new RecordedJudge(Judgements.Read(Kept), judge: null);
        Totals(Device(past), 7, "ab", "c").ShouldBe([3, 2]);
        server.Calls.Count.ShouldBe(4);
        server.Calls.Select(static call => call.Key).Distinct().Count().ShouldBe(4);
    }

    [Fact]
    public async Task What_is_killed_between_answer_and_record_asks_again_under_the_same_key()
    {
        var (isAsked, mayAnswer) = (new TaskCompletionSource(), new TaskCompletionSource());
        var server = Serve(async call =>
        {
            if (call.Number == 1)
            {
                isAsked.SetResult();
                await mayAnswer.Task;
            }

            return JudgeResponse.Scores([call.Number, call.Number]);
        });
        using (var judge = Recorded(server))
        {
            var killed = Device(judge);
            killed.Begin(Order(7, "ab", "c"));
            killed.Advance();
            await isAsked.Task.WaitAsync(BoundedWaits.Longest);
            killed.Dispose();
        }

        mayAnswer.SetResult();
        using (var judge = Recorded(server))
            Totals(Device(judge), 7, "ab", "c").ShouldBe([2, 2]);
        server.Calls.Count.ShouldBe(2);
        server.Calls[1].Key.ShouldBe(server.Calls[0].Key);
        File.ReadAllLines(Kept).Length.ShouldBe(1);
    }

    [Fact]
    public void Of_two_who_ask_the_same_both_get_the_answer_that_was_recorded_first()
    {
        var both = new TaskCompletionSource();
        var server = Serve(async call =>
        {
            if (call.Number == 2)
                both.SetResult();
            await both.Task;
            return JudgeResponse.Scores([call.Number, call.Number]);
        });
        using var judge = Recorded(server);
        var (one, other) = (Device(judge), Device(judge));
        one.Begin(Order(7, "ab", "c"));
        other.Begin(Order(7, "ab", "c"));
        one.Advance();
        other.Advance();
        var scores = Finish(one).Cast<RewardsScored>().Single().Scores;
        Finish(other).Cast<RewardsScored>().Single().Scores.ShouldBe(scores);
        File.ReadAllLines(Kept).Length.ShouldBe(1);
    }

    [Fact]
    public void A_worker_reports_whom_it_waits_for_and_lives_meanwhile()
    {
        var mayAnswer = new TaskCompletionSource();
        var server = Serve(async call =>
        {
            if (call.Number <= 3)
                return new JudgeResponse(503, "");
            await mayAnswer.Task;
            return JudgeResponse.Scores([1, 2]);
        });
        using var judge = Recorded(server);
        var reports = new List<WorkerReport>();
        var worker = new WorkerLogic(default, Device(judge), reports.Add);
        worker.Handle(Order(7, "ab", "c"));
        while (!reports.OfType<WorkerProgressed>().Any() || !reports.OfType<ScoringDelayed>().Any())
            worker.Work();
        reports.OfType<ScoringDelayed>().ShouldHaveSingleItem().Reason.ShouldNotBeNull().ShouldName(server.Address, "status 503");
        worker.HasWork.ShouldBeTrue();
        mayAnswer.SetResult();
        while (worker.HasWork)
            worker.Work();
        reports.OfType<RewardsScored>().ShouldHaveSingleItem().Scores.Select(static score => score.Total).ShouldBe([1, 2]);
        reports.OfType<ScoringDelayed>().Select(static delay => delay.Reason is null).ShouldBe([false, true]);

        // A reminder is answered again, without a question.
        worker.Handle(Order(7, "ab", "c"));
        reports.OfType<RewardsScored>().Count().ShouldBe(2);
        server.Calls.Count.ShouldBe(4);
    }

    [Fact]
    public void A_judge_that_refuses_fails_the_scoring_with_a_sentence_and_nothing_is_recorded()
    {
        var server = Serve(static _ => new JudgeResponse(401, ""));
        using var judge = Recorded(server);
        Finish(Begun(judge)).ShouldHaveSingleItem().ShouldBeOfType<ScoringFailed>().Reason.ShouldName(server.Address, "401");
        File.ReadAllText(Kept).ShouldBeEmpty();
    }

    [Fact]
    public void The_past_is_read_and_nobody_asked_about_it()
    {
        using var past = new RecordedJudge(Judgements.Read(Kept), judge: null);
        Finish(Begun(past)).ShouldHaveSingleItem().ShouldBeOfType<ScoringFailed>()
            .Reason.ShouldName(Kept, "position 7", "restore that file");
        File.Exists(Kept).ShouldBeFalse();
    }

    [Fact]
    public void The_score_of_a_judge_is_added_with_its_weight_and_null_is_no_score()
    {
        var server = Serve(static _ => JudgeResponse.Scores([0.5, null]));
        using var judge = Recorded(server);
        var scored = Finish(Begun(judge, static sources => sources with { JudgeWeight = -4 }, "length"))
            .ShouldHaveSingleItem().ShouldBeOfType<RewardsScored>();
        scored.Scores.ShouldBe([new RolloutScore(2 - (4 * 0.5), [2, 0.5]), new RolloutScore(null, [1, null])]);

        // Without a weight it is recorded, and adds nothing.
        Finish(Begun(judge, static sources => sources with { JudgeWeight = 0 }, "length")).Cast<RewardsScored>().Single()
            .Scores.ShouldBe([new RolloutScore(2, [2, 0.5]), new RolloutScore(1, [1, null])]);
    }

    private static JudgeRollouts Order(long position, params string[] completions) => new(
        3, new PublishedWeights(0, 0, 0), position, [1, 2],
        [.. completions.Select(static text => new Rollout([.. text.Select(static letter => (int)letter)], [], HasEnded: true))], 0);

    private static IEnumerable<double?> Totals(RewardDevice device, long position, params string[] completions)
    {
        device.Begin(Order(position, completions));
        return Finish(device).Cast<RewardsScored>().Single().Scores.Select(static score => score.Total);
    }

    private static List<WorkerReport> Finish(RewardDevice device)
    {
        List<WorkerReport> reports = [];
        while (device.HasWork)
            reports.AddRange(device.Advance());
        return reports;
    }

    private RewardDevice Begun(RecordedJudge judge, Func<RewardSources, RewardSources>? change = null, string function = "")
    {
        var device = Device(judge, change, function);
        device.Begin(Order(7, "ab", "c"));
        return device;
    }

    private RewardDevice Device(RecordedJudge judge, Func<RewardSources, RewardSources>? change = null, string function = "")
    {
        var sources = new RewardSources(
            function.Length == 0 ? null : RewardFunction.Parse(function),
            static (_, _, rollout) => new RewardInput(
                "prompt", string.Concat(rollout.Ids.Select(static id => (char)id)), rollout.HasEnded, rollout.Ids.Count, null))
        {
            Judge = judge,
        };
        var device = new RewardDevice(change?.Invoke(sources) ?? sources);
        owned.Add(device);
        return device;
    }

    private JudgeServer Serve(Func<JudgeCall, JudgeResponse?> answer) => Serve(call => Task.FromResult(answer(call)));

    private JudgeServer Serve(Func<JudgeCall, Task<JudgeResponse?>> answer)
    {
        var server = new JudgeServer(answer);
        owned.Add(server);
        return server;
    }

    private RecordedJudge Recorded(JudgeServer server) => new(
        Judgements.Open(Kept), new HttpJudge(new JudgeOptions(new Uri(server.Address), "policy") { Timeout = Limit }, time));
}
