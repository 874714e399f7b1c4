using System.Net.Sockets;
using System.Text.Json;
using ActorTrain.Actors.Protocol;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Recovery;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Control;

/// <summary>Answers at the control socket of a run for as long as it goes on.</summary>
internal sealed class ControlServer : IDisposable
{
    private static readonly string[] Names = ["status", "scale", "stop", "reload", "trace", .. OperatorRequests.Names];

    private readonly RunDirectory run;
    private readonly IRunControl control;
    private readonly int mostTrainers;
    private readonly Func<string> reload;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim places = new(ControlProtocol.MaximumConnections);
    private readonly Socket socket;
    private readonly Task accepting;

    /// <summary>Begins to listen.</summary>
    /// <param name="run">The run, whose lock this process holds.</param>
    /// <param name="control">The run itself.</param>
    /// <param name="mostTrainers">Trainers that have a lane to compute.</param>
    /// <param name="reload">Reads the run file again; says in a sentence what came of it, or throws a <see cref="UserErrorException"/>.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="UserErrorException">The socket cannot be made.</exception>
    public ControlServer(RunDirectory run, IRunControl control, int mostTrainers, Func<string> reload, TimeProvider time)
    {
        this.run = run;
        this.control = control;
        this.mostTrainers = mostTrainers;
        this.reload = reload;
        this.time = time;
        socket = ControlSocket.Listen(run);
        accepting = Task.Run(Accept);
    }

    /// <summary>How long its end waits for an answer that is being made.</summary>
    internal TimeSpan EndPatience { get; init; } = ControlProtocol.Patience;

    /// <summary>Closes all connections and takes the socket away.</summary>
    public void Dispose()
    {
        if (stopping.IsCancellationRequested)
            return;
        stopping.Cancel();
        File.Delete(run.ControlSocket);

        // An answer that hangs does not keep the process: it is given up, and what it may still use stays.
        var isOver = accepting.Wait(EndPatience);
        for (var place = 0; isOver && place < ControlProtocol.MaximumConnections; place++)
            isOver = places.Wait(EndPatience);
        socket.Dispose();
        if (!isOver)
            return;
        places.Dispose();
        stopping.Dispose();
    }

    /// <summary>What one request is answered.</summary>
    internal async Task<ControlAnswer> Answer(string line, CancellationToken cancellation)
    {
        ControlRequest request;
        try
        {
            request = JsonSerializer.Deserialize(line, ControlJson.Default.ControlRequest) ?? throw new JsonException("it is null");
        }
        catch (JsonException)
        {
            return ControlAnswer.Refused("This is no request; write one JSON object per line, such as {\"version\":1,\"command\":\"status\"}.");
        }

        if (request.Version != ControlProtocol.Version)
            return ControlAnswer.Refused($"The run speaks version {ControlProtocol.Version} of this protocol, not {request.Version}; use the program that started it.");
        try
        {
            return request switch
            {
                { Command: "status" } => await Status(cancellation).ConfigureAwait(false),
                { Command: "scale" } => Scale(request.Trainers),
                { Command: "stop" } => Stop(request.Reason),
                { Command: "trace" } => Trace(request.Steps),
                { Command: "reload" } => ControlAnswer.Done(reload()),
                _ when OperatorRequests.Names.Contains(request.Command) => await Wish(request, cancellation).ConfigureAwait(false),
                _ => ControlAnswer.Refused($"There is no request \"{request.Command}\"{NearestName.Hint(request.Command, Names, $"; there are {string.Join(", ", Names)}.")}"),
            };
        }
        catch (UserErrorException error)
        {
            return ControlAnswer.Refused(error.Message);
        }
    }

    private async Task Accept()
    {
        while (true)
        {
            Socket connection;
            try
            {
                connection = await socket.AcceptAsync(stopping.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // The one who knocked is gone again.
                continue;
            }

            _ = Serve(connection);
        }
    }

    private async Task Serve(Socket connection)
    {
        using var stream = new NetworkStream(connection, ownsSocket: true);
        if (!ControlSocket.IsOwn(connection))
            return;
        var hasPlace = places.Wait(0, CancellationToken.None);
        try
        {
            if (hasPlace)
                await Converse(stream).ConfigureAwait(false);
            else
                await Write(stream, ControlAnswer.Refused($"The run has {ControlProtocol.MaximumConnections} connections already; try again in a moment.")).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException)
        {
            // Whoever asked is gone, silent for too long, or the run has ended.
        }
        finally
        {
            if (hasPlace)
                places.Release();
        }
    }

    private async Task Converse(NetworkStream stream)
    {
        var lines = new LineReader(stream, ControlProtocol.MaximumRequest);
        while (true)
        {
            using var patience = new CancellationTokenSource(ControlProtocol.Patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token, patience.Token);
            string? line;
            try
            {
                line = await lines.Read(either.Token).ConfigureAwait(false);
            }
            catch (InvalidDataException)
            {
                await Write(stream, ControlAnswer.Refused($"A request has at most {ControlProtocol.MaximumRequest} bytes.")).ConfigureAwait(false);
                return;
            }

            if (line is null)
                return;
            await Write(stream, await Answer(line, stopping.Token).ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    private async Task Write(NetworkStream stream, ControlAnswer answer)
    {
        using var patience = new CancellationTokenSource(ControlProtocol.Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token, patience.Token);
        await stream.WriteAsync(ControlProtocol.Write(answer), either.Token).ConfigureAwait(false);
    }

    private async Task<ControlAnswer> Status(CancellationToken cancellation)
    {
        try
        {
            var status = await control.GetStatus(cancellation).ConfigureAwait(false);
            return ControlAnswer.Done("", StatusDocument.Of(run.Path, status, NewestCheckpoint(run, status.Course)));
        }
        catch (TimeoutException)
        {
            return ControlAnswer.Refused("The run's supervisor does not answer; try again in a moment, and look into its run.log.");
        }
    }

    private ControlAnswer Scale(int? trainers)
    {
        if (trainers is not { } count || count < 1)
            return ControlAnswer.Refused("scale needs the number of trainers, at least 1.");
        if (count > mostTrainers)
            return ControlAnswer.Refused($"{run.Name} has {mostTrainers} lanes, so of {count} trainers some would have nothing to compute; give at most {mostTrainers}.");
        control.Scale(count);
        return ControlAnswer.Done($"{run.Name} goes on with {count} {(count == 1 ? "trainer" : "trainers")}; the result is the same.");
    }

    private async Task<ControlAnswer> Wish(ControlRequest request, CancellationToken cancellation)
    {
        try
        {
            var answer = await control.Wish(OperatorRequests.ByOf(request), OperatorRequests.CommandOf(request), cancellation).ConfigureAwait(false);
            return answer.IsAccepted ? ControlAnswer.Done(answer.Sentence) : ControlAnswer.Refused(answer.Sentence);
        }
        catch (TimeoutException)
        {
            return ControlAnswer.Refused("The run has not recorded it yet, and may still do it: its database may be away; see `actortrain status`.");
        }
    }

    private ControlAnswer Trace(long? steps)
    {
        if (steps is not { } count)
            return ControlAnswer.Done("") with { Trace = control.TakeTrace() };
        if (count is < 1 or > int.MaxValue)
            return ControlAnswer.Refused("trace needs the number of steps, at least 1.");
        control.BeginTrace((int)count);
        return ControlAnswer.Done($"{run.Name} records {count} {(count == 1 ? "step" : "steps")}.");
    }

    private ControlAnswer Stop(string? reason)
    {
        control.Stop(string.IsNullOrWhiteSpace(reason) ? "asked by the control socket" : reason);
        return ControlAnswer.Done($"{run.Name} finishes its step, saves and stops.");
    }

    // One that was left by going back is none any more.
    private static long? NewestCheckpoint(RunDirectory run, CourseStatus? course) =>
        new CheckpointArchive(run.CheckpointsDirectory).List()
            .FirstOrDefault(checkpoint => checkpoint.Manifest is { } manifest && (course is null || RunOrigin.Of(manifest).Course.Holds([.. course.InForce, .. course.Pending], manifest.Facts.Step)))?.Step;
}
