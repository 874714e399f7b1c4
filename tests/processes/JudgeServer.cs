using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace ActorTrain.Tests.Processes;

/// <summary>A judge over HTTP in the test's process, which remembers what it was asked.</summary>
public sealed class JudgeServer : IDisposable
{
    private readonly HttpListener listener;
    private readonly Func<JudgeCall, Task<JudgeResponse?>> answer;
    private readonly ConcurrentQueue<JudgeCall> calls = [];
    private int count;

    /// <param name="answer">What is answered; null ends the connection without an answer.</param>
    public JudgeServer(Func<JudgeCall, Task<JudgeResponse?>> answer)
    {
        this.answer = answer;
        (listener, Address) = Listen();
        _ = Task.Run(Serve);
    }

    public JudgeServer(Func<JudgeCall, JudgeResponse?> answer)
        : this(call => Task.FromResult(answer(call)))
    {
    }

    public string Address { get; }

    /// <summary>In order of arrival.</summary>
    public IReadOnlyList<JudgeCall> Calls => [.. calls];

    /// <summary>An address at which nobody listens.</summary>
    public static string Nowhere()
    {
        var (listener, address) = Listen();
        listener.Close();
        return address;
    }

    public void Dispose() => listener.Close();

    private static (HttpListener Listener, string Address) Listen()
    {
        while (true)
        {
            var port = Random.Shared.Next(20_000, 60_000);
            var address = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/");
            var listener = new HttpListener();
            listener.Prefixes.Add(address);
            try
            {
                listener.Start();
                return (listener, address);
            }
            catch (HttpListenerException)
            {
                // Somebody has this port.
                listener.Close();
            }
        }
    }

    private async Task Serve()
    {
        try
        {
            while (true)
            {
                var context = await listener.GetContextAsync();
                _ = Task.Run(() => Serve(context));
            }
        }
        catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // It was closed.
        }
    }

    private async Task Serve(HttpListenerContext context)
    {
        try
        {
            var request = context.Request;
            using var body = await JsonDocument.ParseAsync(request.InputStream);
            var call = new JudgeCall(
                Interlocked.Increment(ref count), $"{request.HttpMethod} {request.Url!.PathAndQuery}", request.Headers["Idempotency-Key"] ?? "",
                request.Headers["Authorization"], request.ContentType, body.RootElement.Clone());
            calls.Enqueue(call);
            if (await answer(call) is not { } response)
            {
                context.Response.Abort();
                return;
            }

            // Each question has a connection of its own: one that is reused may be closed by one side while the other writes.
            context.Response.KeepAlive = false;
            context.Response.StatusCode = response.Status;
            var content = Encoding.UTF8.GetBytes(response.Body);
            await context.Response.OutputStream.WriteAsync(content);
            context.Response.Close();
        }
        catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException or InvalidOperationException
            or IOException)
        {
            // Who asked has gone.
        }
    }
}

/// <param name="Number">From 1.</param>
/// <param name="Request">Method and path.</param>
/// <param name="Key">Of idempotency.</param>
public sealed record JudgeCall(int Number, string Request, string Key, string? Authorization, string? ContentType, JsonElement Body)
{
    public IReadOnlyList<string> Completions =>
        [.. Body.GetProperty("completions").EnumerateArray().Select(static completion => completion.GetString()!)];
}

public sealed record JudgeResponse(int Status, string Body)
{
    public static JudgeResponse Scores(IEnumerable<double?> scores) =>
        new(200, JsonSerializer.Serialize(new Dictionary<string, double?[]> { ["scores"] = [.. scores] }));
}
