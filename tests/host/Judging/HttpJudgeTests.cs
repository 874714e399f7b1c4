using System.Collections.Concurrent;
using ActorTrain.Actors.Judging;
using ActorTrain.Models;
using ActorTrain.Tests.Processes;

namespace ActorTrain.Host.Tests.Judging;

/// <summary>A judge over HTTP, and all that one may answer.</summary>
public sealed class HttpJudgeTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(17);

    private readonly HurriedTime time = new(Limit);
    private readonly List<IDisposable> owned = [];

    public void Dispose() => owned.ForEach(static one => one.Dispose());

    [Fact]
    public async Task A_question_has_all_that_a_judge_needs_and_its_scores_come_back()
    {
        var server = Serve(static _ => new JudgeResponse(200, """{"model": "x", "scores": [0.25, null, -1e3]}"""));
        using var judge = Judge(server.Address + "score?lang=en", static options => options with { Token = "secret" });
        (await judge.Ask(Question(), default)).ShouldBe([0.25, null, -1000]);
        var call = server.Calls.ShouldHaveSingleItem();
        call.Request.ShouldBe("POST /score?lang=en");
        call.ContentType.ShouldBe("application/json");
        call.Key.ShouldBe(new string('a', 64));
        call.Authorization.ShouldBe("Bearer secret");
        call.Body.GetRawText().ShouldBe(
            $$"""{"run":"policy","key":"{{call.Key}}","position":41,"prompt":"2+2=","completions":["4","é \"\n",""]"""
            + ""","ended":[true,true,false],"fields":{"answer": "4"}}""");
        judge.Delay.ShouldBeNull();

        await judge.Ask(Question() with { Fields = null }, default);
        server.Calls[1].Body.GetProperty("fields").GetRawText().ShouldBe("{}");
    }

    [Fact]
    public async Task A_judge_that_is_away_is_asked_the_same_again_until_it_is_back()
    {
        HttpJudge judge = null!;
        string? delay = null;
        var server = Serve(call =>
        {
            delay = judge.Delay;
            return call.Number switch
            {
                1 => new JudgeResponse(503, "starting\r\nup"),
                2 => null,
                3 => new JudgeResponse(429, ""),
                4 => new JudgeResponse(500, "oops"),
                _ => JudgeResponse.Scores([1, 2, 3]),
            };
        });
        using (judge = Judge(server.Address))
        {
            (await judge.Ask(Question(), default)).ShouldBe([1, 2, 3]);
            delay.ShouldNotBeNull().ShouldContain($"The judge at {server.Address} ");
            judge.Delay.ShouldBeNull();
        }

        server.Calls.Select(static call => call.Key).Distinct().ShouldHaveSingleItem();
        server.Calls.Select(static call => call.Body.GetRawText()).Distinct().ShouldHaveSingleItem();

        // A connection may be lost besides.
        var pauses = time.Pauses.Select(static pause => pause.TotalSeconds).ToList();
        pauses.Count.ShouldBeGreaterThanOrEqualTo(4);
        pauses.ShouldBe(Enumerable.Range(0, pauses.Count).Select(static i => Math.Min(60, Math.Pow(2, i))));
    }

    [Fact]
    public async Task One_fault_is_not_reported_and_pauses_end_at_a_minute()
    {
        HttpJudge judge = null!;
        var delays = new ConcurrentQueue<string?>();
        var server = Serve(call =>
        {
            delays.Enqueue(judge.Delay);
            return call.Number < 10 ? new JudgeResponse(502, "") : JudgeResponse.Scores([1, 2, 3]);
        });
        using (judge = Judge(server.Address))
            await judge.Ask(Question(), default);
        delays.Take(2).ShouldBe([null, null]);
        delays.Skip(2).ShouldAllBe(static delay => delay != null);
        time.Pauses.Select(static pause => pause.TotalSeconds).ShouldBe([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    [Fact]
    public async Task Nobody_at_the_address_is_waited_for_until_the_run_stops()
    {
        using var judge = Judge(JudgeServer.Nowhere());
        using var stop = new CancellationTokenSource();
        var asked = judge.Ask(Question(), stop.Token);
        while (judge.Delay is null)
            await Task.Yield();
        judge.Delay.ShouldName("cannot be reached", "refused");
        asked.IsCompleted.ShouldBeFalse();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(asked);
    }

    [Fact]
    public async Task A_judge_that_hangs_is_asked_again_after_its_time()
    {
        var server = Serve(async call =>
        {
            if (call.Number > 2)
                return JudgeResponse.Scores([1, 2, 3]);
            time.ReachLimits();
            return await new TaskCompletionSource<JudgeResponse?>().Task;
        });
        using var judge = Judge(server.Address);
        (await judge.Ask(Question(), default)).ShouldBe([1, 2, 3]);
        server.Calls.Count.ShouldBe(3);
        server.Calls.Select(static call => call.Key).Distinct().ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData("""{"scores": [1, 2]}""", "2 scores for 3 completions")]
    [InlineData("""{"scores": [1, 2, 3, 4]}""", "4 scores for 3 completions")]
    [InlineData("""{"scores": [1, NaN, 3]}""", "no valid JSON", "NaN")]
    [InlineData("""{"scores": [1, 1e999, 3]}""", "neither null nor a number", "1e999")]
    [InlineData("""{"scores": [1, -1e10, 3]}""", "neither null nor a number", "-1e10")]
    [InlineData("""{"scores": [1, 2, 3], "scores": [3, 2, 1]}""", "no valid JSON")]
    [InlineData("""{"scores": [1, "2", 3]}""", "neither null nor a number")]
    [InlineData("""{"scores": [1, true, 3]}""", "neither null nor a number")]
    [InlineData("""{"scores": 1}""", "no list \"scores\"")]
    [InlineData("""{"score": [1, 2, 3]}""", "no list \"scores\"")]
    [InlineData("""[1, 2, 3]""", "no list \"scores\"")]
    [InlineData("<html>\n<body>Welcome</body>", "no valid JSON: <html> <body>Welcome</body>")]
    [InlineData("", "no valid JSON: nothing")]
    public async Task What_are_no_scores_is_asked_for_again_and_then_refused_in_one_sentence(string sent, params string[] said)
    {
        var server = Serve(_ => new JudgeResponse(200, sent));
        using var judge = Judge(server.Address);
        var refusal = await Should.ThrowAsync<UserErrorException>(judge.Ask(Question(), default));
        refusal.Message.ShouldName([server.Address, "fix the judge", .. said]);
        refusal.Message.ShouldNotContain("\n");
        server.Calls.Count.ShouldBe(3);
        judge.Delay.ShouldBeNull();
    }

    [Fact]
    public async Task A_single_answer_without_scores_does_no_harm()
    {
        var server = Serve(static call => call.Number < 3 ? new JudgeResponse(200, "{") : JudgeResponse.Scores([1, 2, 3]));
        using var judge = Judge(server.Address);
        (await judge.Ask(Question(), default)).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task An_answer_without_end_is_not_read_to_its_end()
    {
        var server = Serve(static _ => new JudgeResponse(200, new string(' ', 2 << 20)));
        using var judge = Judge(server.Address);
        (await Should.ThrowAsync<UserErrorException>(judge.Ask(Question(), default))).Message.ShouldName("more than 1048576 bytes");
    }

    [Theory]
    [InlineData(400, "scoring.judge")]
    [InlineData(401, "ACTORTRAIN_JUDGE_TOKEN")]
    [InlineData(403, "ACTORTRAIN_JUDGE_TOKEN")]
    [InlineData(404, "path in scoring.judge")]
    [InlineData(422, "scoring.judge")]
    [InlineData(302, "redirects")]
    public async Task A_judge_that_refuses_is_not_asked_again(int status, string advice)
    {
        var server = Serve(_ => new JudgeResponse(status, """{"detail": "no"}"""));
        using var judge = Judge(server.Address, static options => options with { Token = "secret" });
        var refusal = await Should.ThrowAsync<UserErrorException>(judge.Ask(Question(), default));
        refusal.Message.ShouldName(server.Address, $"status {status}", advice);
        refusal.Message.ShouldNotContain("secret");
        server.Calls.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task What_follows_the_path_is_not_repeated()
    {
        var server = Serve(static _ => new JudgeResponse(404, ""));
        using var judge = Judge(server.Address + "score?key=confidential");
        (await Should.ThrowAsync<UserErrorException>(judge.Ask(Question(), default))).Message.ShouldNotContain("confidential");
    }

    [Fact]
    public async Task No_more_questions_are_under_way_than_are_allowed()
    {
        var (present, most) = (0, 0);
        var two = new TaskCompletionSource();
        var server = Serve(async _ =>
        {
            most = Math.Max(most, Interlocked.Increment(ref present));
            if (Volatile.Read(ref present) == 2)
                two.TrySetResult();
            await two.Task;
            Interlocked.Decrement(ref present);
            return JudgeResponse.Scores([1, 2, 3]);
        });
        using var judge = Judge(server.Address, static options => options with { AtOnce = 2 });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => judge.Ask(Question(), default)));
        server.Calls.Count.ShouldBe(8);
        most.ShouldBe(2);
    }

    private static JudgeQuestion Question() => new(
        new string('a', 64), 41, "2+2=",
        [new JudgedCompletion("4", true), new JudgedCompletion("é \"\n", true), new JudgedCompletion("", false)], """{"answer": "4"}""");

    private JudgeServer Serve(Func<JudgeCall, JudgeResponse?> answer) => Serve(call => Task.FromResult(answer(call)));

    private JudgeServer Serve(Func<JudgeCall, Task<JudgeResponse?>> answer)
    {
        var server = new JudgeServer(answer);
        owned.Add(server);
        return server;
    }

    private HttpJudge Judge(string address, Func<JudgeOptions, JudgeOptions>? change = null)
    {
        var options = new JudgeOptions(new Uri(address), "policy") { Timeout = Limit };
        return new HttpJudge(change?.Invoke(options) ?? options, time);
    }
}
