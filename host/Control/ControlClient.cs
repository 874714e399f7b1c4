using System.Net.Sockets;
using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Control;

/// <summary>Speaks to the process that trains a run.</summary>
internal static class ControlClient
{
    /// <summary>Asks one thing.</summary>
    /// <param name="run">The run.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>What was asked for, or null where no process trains the run.</returns>
    /// <exception cref="UserErrorException">The run refused, or does not answer.</exception>
    public static ControlAnswer? Ask(RunDirectory run, ControlRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        using var socket = ControlSocket.Connect(run);
        if (socket is null)
            return null;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(2 * ControlProtocol.Patience);
        try
        {
            var answer = Converse(socket, request, patience.Token).GetAwaiter().GetResult();
            return answer.Ok ? answer : throw new UserErrorException(answer.Sentence);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new UserErrorException($"The process that trains {run.Path} does not answer; look into its run.log.");
        }
        catch (Exception exception) when (exception is IOException or SocketException or JsonException or InvalidDataException)
        {
            throw new UserErrorException($"The process that trains {run.Path} broke off ({exception.Message.TrimEnd('.')}); it may just have ended: try again.", exception);
        }
    }

    private static async Task<ControlAnswer> Converse(Socket socket, ControlRequest request, CancellationToken cancellation)
    {
        using var stream = new NetworkStream(socket);
        IOException? unheard = null;
        try
        {
            await stream.WriteAsync(ControlProtocol.Write(request), cancellation).ConfigureAwait(false);
        }
        catch (IOException exception)
        {
            // One that has no time answers before it is asked, and hangs up; what it said can still be read.
            unheard = exception;
        }

        var line = await new LineReader(stream, ControlProtocol.MaximumAnswer).Read(cancellation).ConfigureAwait(false);
        return line is null
            ? throw unheard ?? new IOException("it closed the connection")
            : JsonSerializer.Deserialize(line, ControlJson.Default.ControlAnswer) ?? throw new JsonException("it answered null");
    }
}
