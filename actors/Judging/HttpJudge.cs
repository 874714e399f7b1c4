using System.Net.Http.Headers;
using ActorTrain.Actors.Supervision;
using ActorTrain.Models;

namespace ActorTrain.Actors.Judging;

/// <summary>Where a judge is, and how it is asked.</summary>
/// <param name="Address">Receives a POST for each question.</param>
/// <param name="Run">Name of the run, which the judge is told.</param>
public sealed record JudgeOptions(Uri Address, string Run)
{
    /// <summary>Sent as <c>Authorization: Bearer</c>; null for none.</summary>
    public string? Token { get; init; }

    /// <summary>After it, a question is sent again.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Questions under way at the same time; others wait.</summary>
    public int AtOnce { get; init; } = 4;

    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>Asks a judge over HTTP until it answers. A question that is sent again carries the same key of idempotency.</summary>
/// <remarks>Thread-safe. Bounded: questions under way, the time of each, and the bytes of an answer.</remarks>
public sealed class HttpJudge : IDisposable
{
    // A judge may have been killed in the middle of an answer; one that sends nonsense again and again is wrong.
    private const int MostGarbled = 3;

    private const int LongestAnswer = 1 << 20;

    private readonly JudgeOptions options;
    private readonly TimeProvider time;
    private readonly HttpClient client;
    private readonly SemaphoreSlim places;
    private readonly string name;
    private volatile string? delay;

    public HttpJudge(JudgeOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        (this.options, this.time, places) = (options, time, new SemaphoreSlim(options.AtOnce));

        // What follows the path may be confidential.
        name = $"The judge at {options.Address.GetLeftPart(UriPartial.Path)}";
        client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            MaxConnectionsPerServer = options.AtOnce,

            // It may move to another address.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        })
        {
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LongestAnswer,
        };
    }

    /// <summary>One sentence why there is no answer, although questions were sent again; null if the judge answers.</summary>
    public string? Delay => delay;

    /// <summary>Asks until there is an answer: where the judge is away, again and again, ever more rarely.</summary>
    /// <exception cref="UserErrorException">It refuses the question, or sends something else than scores.</exception>
    public async Task<EquatableArray<double?>> Ask(JudgeQuestion question, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(question);
        await places.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await Insist(question, cancellation).ConfigureAwait(false);
        }
        finally
        {
            places.Release();
        }
    }

    public void Dispose() => client.Dispose();

    private async Task<EquatableArray<double?>> Insist(JudgeQuestion question, CancellationToken cancellation)
    {
        var backoff = new Backoff(options.FirstRetry, options.LongestRetry);
        for (var (away, garbled) = (0, 0); ;)
        {
            var reply = await Send(question, cancellation).ConfigureAwait(false);
            switch (reply)
            {
                case JudgeReply.Answer answer:
                    delay = null;
                    return answer.Scores;
                case JudgeReply.Refusal refusal:
                    throw new UserErrorException(
                        $"{name} refuses to score, with {refusal.What}; {refusal.Advice}, and run the same command again.");
                case JudgeReply.Garbled wrong when ++garbled == MostGarbled:
                    throw new UserErrorException($"{name} sent {wrong.What}, after {garbled - 1} other answers without valid scores; "
                        + "fix the judge, and run the same command again.");
                case JudgeReply.Away:
                    away++;
                    break;
            }

            var pause = Task.Delay(backoff.Next(), time, cancellation);

            // A single fault is nothing to report.
            if (reply is JudgeReply.Away { Reason: var reason } && away > 1)
                delay = $"{name} {reason}.";
            await pause.ConfigureAwait(false);
        }
    }

    private async Task<JudgeReply> Send(JudgeQuestion question, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, options.Address);
            request.Content = new ByteArrayContent(question.ToJson(options.Run));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Add("Idempotency-Key", question.Key);
            if (options.Token is { } token)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var response = await client.SendAsync(request, either.Token).ConfigureAwait(false);
            var content = await response.Content.ReadAsByteArrayAsync(either.Token).ConfigureAwait(false);
            return JudgeReply.Of(response.StatusCode, content, question.Completions.Count);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new JudgeReply.Away($"did not answer within {options.Timeout.TotalSeconds:0.###} s");
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.ConfigurationLimitExceeded)
        {
            return new JudgeReply.Garbled($"more than {LongestAnswer} bytes");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return new JudgeReply.Away($"cannot be reached: {exception.GetBaseException().Message.TrimEnd('.')}");
        }
    }
}
