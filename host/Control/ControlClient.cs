using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Control;

internal static class ControlClient
{
    /// <summary>Sends one request in the name of this process's user.</summary>
    /// <returns>Null if no process trains the run.</returns>
    /// <exception cref="UserErrorException">The run rejected the request, or does not answer.</exception>
    public static TAnswer? Ask<TBody, TAnswer>(
        RunDirectory run, ControlEndpoint<TBody, TAnswer> endpoint, TBody body, CancellationToken cancellation = default)
        where TBody : class
        where TAnswer : class
    {
        ArgumentNullException.ThrowIfNull(run);
        using var socket = ControlSocket.Connect(run);
        if (socket is null)
            return null;
        try
        {
            return Send(socket, endpoint, body, cancellation).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new UserErrorException($"The process that trains {run.Path} does not answer; see {run.LogFile}.");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or JsonException)
        {
            throw new UserErrorException(
                $"The process that trains {run.Path} closed the connection before completing its answer "
                + $"({exception.GetBaseException().Message.TrimEnd('.')}); it may have ended or have too many connections; try again.",
                exception);
        }
    }

    private static async Task<TAnswer> Send<TBody, TAnswer>(
        Socket socket, ControlEndpoint<TBody, TAnswer> endpoint, TBody body, CancellationToken cancellation)
        where TBody : class
        where TAnswer : class
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new NetworkStream(socket)),
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
        };
        using var client = new HttpClient(handler)
        {
            Timeout = 2 * ControlApi.Patience,
            MaxResponseContentBufferSize = ControlApi.LongestAnswer,
        };
        var address = $"http://localhost{endpoint.Path}?by={Uri.EscapeDataString(Environment.UserName)}";
        using var request = new HttpRequestMessage(new HttpMethod(endpoint.Method), address);
        if (body is not NoBody)
        {
            request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, endpoint.Body));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        using var response = await client.SendAsync(request, cancellation).ConfigureAwait(false);
        var content = await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
            throw new UserErrorException(
                ProblemOf(content)?.Detail ?? $"The run answered {endpoint} with status {(int)response.StatusCode} and no reason.");
        return JsonSerializer.Deserialize(content, endpoint.Answer) ?? throw new JsonException("The answer is null.");
    }

    private static ProblemDocument? ProblemOf(byte[] content) =>
        content.Length == 0 ? null : JsonSerializer.Deserialize(content, ControlApi.Json.ProblemDocument);
}

/// <summary>An operator's request and its endpoint.</summary>
internal abstract record ControlCall
{
    public abstract MessageDocument? Send(RunDirectory run);
}

internal sealed record ControlCall<TBody>(ControlEndpoint<TBody, MessageDocument> Endpoint, TBody Body) : ControlCall
    where TBody : class
{
    public override MessageDocument? Send(RunDirectory run) => ControlClient.Ask(run, Endpoint, Body);
}
