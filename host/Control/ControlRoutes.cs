using System.Text.Json;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Recovery;
using ActorTrain.Persistence.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;

namespace ActorTrain.Host.Control;

/// <summary>Implements the endpoints of <see cref="ControlApi"/>.</summary>
/// <param name="mostTrainers">Trainers that have a lane to compute.</param>
/// <param name="reload">Reads the run file again; returns a sentence on the outcome, or throws a <see cref="UserErrorException"/>.</param>
internal sealed class ControlRoutes(RunDirectory run, IRunControl control, int mostTrainers, Func<string> reload)
{
    /// <summary>Adds them to a web application, with a common form of errors.</summary>
    public void Map(WebApplication application)
    {
        application.Use(Guard);
        Map(application, ControlApi.Status, (_, context) => Status(context.RequestAborted));
        Map(application, ControlApi.Nodes, (_, context) => Nodes(context.RequestAborted));
        Map(application, ControlApi.Rollback, Intervene<RollbackBody>(static body => new RollBackRun(body.To, body.Skip)));
        Map(application, ControlApi.Skip, Intervene<SkipBody>(static body => new SkipBatches(body.Batches)));
        Map(application, ControlApi.LearningRate, Intervene<LearningRateBody>(static body => new ScaleLearningRate(body.Factor)));
        Map(application, ControlApi.Extend, Intervene<ExtendBody>(static body => new ExtendRun(body.Steps)));
        Map(application, ControlApi.Quarantine, Intervene<TrainerBody>(static body => new QuarantineTrainer(body.Trainer)));
        Map(application, ControlApi.Release, Intervene<TrainerBody>(static body => new ReleaseTrainer(body.Trainer)));
        Map(application, ControlApi.Pause, Intervene<NoBody>(static _ => new PauseRun()));
        Map(application, ControlApi.Resume, Intervene<NoBody>(static _ => new ContinueRun()));
        Map(application, ControlApi.Scale, (body, _) => Message(Scale(body)));
        Map(application, ControlApi.Reload, (_, _) => Message(reload()));
        Map(application, ControlApi.Stop, (body, _) => Message(Stop(body.Reason)));
        Map(application, ControlApi.BeginTrace, (body, _) => Message(BeginTrace(body.Steps)));
        Map(application, ControlApi.TakeTrace, (_, _) => Task.FromResult(new TraceDocument(control.TakeTrace())));
    }

    private static void Map<TBody, TAnswer>(
        IEndpointRouteBuilder routes, ControlEndpoint<TBody, TAnswer> endpoint, Func<TBody, HttpContext, Task<TAnswer>> answer)
        where TBody : class
        where TAnswer : class =>
        routes.MapMethods(endpoint.Path, [endpoint.Method], async context =>
        {
            var given = await Read(endpoint, context).ConfigureAwait(false);
            if (ControlBounds.Refusal(given) is { } refusal)
                throw new BadHttpRequestException(refusal);
            var document = await answer(given, context).ConfigureAwait(false);
            await context.Response.WriteAsJsonAsync(document, endpoint.Answer, contentType: null, context.RequestAborted)
                .ConfigureAwait(false);
        });

    private static async Task<TBody> Read<TBody, TAnswer>(ControlEndpoint<TBody, TAnswer> endpoint, HttpContext context)
        where TBody : class
        where TAnswer : class
    {
        var hasBody = context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
        if (hasBody && !context.Request.HasJsonContentType())
            throw new BadHttpRequestException(
                "The body must be JSON: send it with Content-Type: application/json.", StatusCodes.Status415UnsupportedMediaType);
        try
        {
            var body = hasBody
                ? await JsonSerializer.DeserializeAsync(context.Request.Body, endpoint.Body, context.RequestAborted).ConfigureAwait(false)
                : JsonSerializer.Deserialize("{}", endpoint.Body);
            return body ?? throw new JsonException("The body is null.");
        }
        catch (JsonException exception)
        {
            var place = exception.Path is { Length: > 2 } path ? $" at {path}" : "";
            throw new BadHttpRequestException(
                $"The body is malformed{place}; {endpoint} takes, for example, {endpoint.Example}.", exception);
        }
    }

    // Every failure is answered by one sentence in the same form.
    private static async Task Guard(HttpContext context, RequestDelegate next)
    {
        var (status, detail) = (0, "");
        try
        {
            await next(context).ConfigureAwait(false);
            status = context.Response.StatusCode;
            detail = $"There is no {context.Request.Method} {context.Request.Path}; the endpoints are {string.Join(", ", ControlApi.All)}.";
        }
        catch (BadHttpRequestException exception)
        {
            (status, detail) = (exception.StatusCode, exception.Message);
        }
        catch (UserErrorException exception)
        {
            (status, detail) = (StatusCodes.Status409Conflict, exception.Message);
        }

        if (status < StatusCodes.Status400BadRequest || context.Response.HasStarted)
            return;
        context.Response.StatusCode = status;
        var problem = new ProblemDocument(status, ReasonPhrases.GetReasonPhrase(status), RequestText.Detail(detail));
        await context.Response
            .WriteAsJsonAsync(problem, ControlApi.Json.ProblemDocument, "application/problem+json", context.RequestAborted)
            .ConfigureAwait(false);
    }

    private static Task<MessageDocument> Message(string sentence) => Task.FromResult(new MessageDocument(sentence));

    private static BadHttpRequestException Unavailable(string sentence) => new(sentence, StatusCodes.Status503ServiceUnavailable);

    private Func<TBody, HttpContext, Task<MessageDocument>> Intervene<TBody>(
        Func<TBody, OperatorCommand> command) => async (body, context) =>
    {
        try
        {
            var by = RequestText.By(context.Request.Query["by"]);
            var answer = await control.Intervene(by, command(body), context.RequestAborted).ConfigureAwait(false);
            return answer.IsAccepted ? new MessageDocument(answer.Sentence) : throw new UserErrorException(answer.Sentence);
        }
        catch (TimeoutException)
        {
            throw Unavailable(
                "The run has not recorded the request yet but may still apply it: its database may be unavailable; "
                    + "see `actortrain status`.");
        }
    };

    private async Task<StatusDocument> Status(CancellationToken cancellation)
    {
        try
        {
            var status = await control.GetStatus(cancellation).ConfigureAwait(false);
            return StatusDocument.Of(run.Path, status, NewestCheckpoint(status.Overrides)) with
            {
                Leader = $"process {Environment.ProcessId} on {Environment.MachineName}",
                Control = [.. control.ControlProcesses.Select(ControlProcessDocument.Of)],
            };
        }
        catch (TimeoutException)
        {
            throw Unavailable($"The supervisor of the run does not answer; try again in a moment, and see {run.LogFile}.");
        }
    }

    private async Task<NodesDocument> Nodes(CancellationToken cancellation)
    {
        try
        {
            var nodes = await control.GetNodes(cancellation).ConfigureAwait(false) ?? throw new UserErrorException(
                $"{run.Name} has no nodes: its trainers live in the process that leads it; start it with --nodes N, or set nodes.listen.");
            return NodesDocument.Of(run.Path, nodes);
        }
        catch (TimeoutException)
        {
            throw Unavailable($"The desk of the nodes does not answer; try again in a moment, and see {run.LogFile}.");
        }
    }

    private string Scale(ScaleBody body)
    {
        if (body is { Trainers: null, Rollouts: null })
            throw new BadHttpRequestException($"Give trainers, rollouts or both; for example, {ControlApi.Scale.Example}.");
        if (body.Trainers > mostTrainers)
            throw new BadHttpRequestException(
                $"{run.Name} has {mostTrainers} lanes, so {body.Trainers} trainers are too many; use at most {mostTrainers}.");
        if (body.Rollouts is not null && !control.HasRollouts)
            throw new UserErrorException($"{run.Name} samples no rollouts, so it has no samplers; `actortrain rlhf` trains on rollouts.");
        if (body.Trainers is { } trainers)
            control.Scale(trainers);
        if (body.Rollouts is { } samplers)
            control.ScaleRollouts(samplers);
        var counts = new[]
        {
            body.Trainers is { } some ? Plural.Of(some, "trainer") : null,
            body.Rollouts is { } others ? Plural.Of(others, "sampler") : null,
        };
        return $"{run.Name} continues with {string.Join(" and ", counts.OfType<string>())}; the result is the same.";
    }

    private string BeginTrace(int steps)
    {
        control.BeginTrace(steps);
        return $"{run.Name} is recording {Plural.Of(steps, "step")}.";
    }

    private string Stop(string? reason)
    {
        control.Stop(RequestText.Reason(reason));
        return $"{run.Name} will finish its step, save a checkpoint and stop.";
    }

    // Checkpoints abandoned by a rollback do not count.
    private long? NewestCheckpoint(OverridesStatus? overrides) =>
        new CheckpointArchive(run.CheckpointsDirectory).List().FirstOrDefault(checkpoint => checkpoint.Manifest is { } manifest
            && (overrides is null || RunOrigin.Of(manifest)
                .Overrides.Holds([.. overrides.InForce, .. overrides.Pending], manifest.Facts.Step)))?.Step;
}
