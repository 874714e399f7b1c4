using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Supervision;
using ActorTrain.Models.Runtime;
using Akka.Actor;

namespace ActorTrain.Actors.Run;

/// <summary>Keeps the supervisor of a run alive, and returns the run's outcome.</summary>
/// <remarks>A failed supervisor is replaced by one with a new name instead of restarted in place: a restart would wait for trainers that
/// hang, and late messages of the old children would reach the new supervisor. Requests of operators to the old one are
/// forwarded.</remarks>
public sealed class RunGuardian : ReceiveActor
{
    public const string Name = "run";

    private readonly RunParts parts;
    private readonly TaskCompletionSource<RunEnded> outcome;
    private readonly RestartBudget budget;
    private readonly CancellationTokenRegistration superseded;
    private IActorRef supervisor;
    private ScaleTrainers? scale;
    private ScaleRollouts? scaleRollouts;
    private StopRun? stop;

    /// <param name="outcome">Completed when the run is over; its actors may still be stopping then.</param>
    public RunGuardian(RunParts parts, TaskCompletionSource<RunEnded> outcome)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(outcome);
        this.parts = parts;
        this.outcome = outcome;
        budget = new RestartBudget(parts.Limits);
        supervisor = Begin();
        var self = Self;
        superseded = parts.Term.Lost.Register(() => self.Tell(new RunSuperseded(parts.Term.Refuse())));
        Receive<RunEnded>(ended => outcome.TrySetResult(ended));
        Receive<GetStatus>(status => supervisor.Forward(status));
        Receive<ScaleTrainers>(request => supervisor.Forward(scale = request));
        Receive<ScaleRollouts>(request => supervisor.Forward(scaleRollouts = request));
        Receive<StopRun>(request => supervisor.Forward(stop = request));
        Receive<IRunInput>(input => supervisor.Forward(input));
        Receive<Replacement>(Replace);
    }

    protected override SupervisorStrategy SupervisorStrategy() => new ReportingStrategy((_, exception) =>
    {
        var reason = ReportingStrategy.Sentence(exception);

        // Sent to itself: a supervisor that fails after reporting the outcome is handled first, and needs no replacement.
        Self.Tell(budget.Spend("The supervisor of the run", reason, SteadyClock.Of(Context.System).Now,
            MemoryExhaustion.IsCauseOf(exception)) is { } report
            ? new RunEnded(RunEnding.Failed, parts.RecoveryState.Origin.Step, report)
            : new Replacement(reason));
        return Directive.Stop;
    });

    protected override void PostStop()
    {
        superseded.Dispose();
        outcome.TrySetResult(new RunEnded(RunEnding.Stopped, parts.RecoveryState.Origin.Step, "The actor system was stopped."));
    }

    private void Replace(Replacement replacement)
    {
        if (outcome.Task.IsCompleted)
            return;
        parts.Notify(new NotifyText(
            $"the supervisor of the run failed; restarting from recovered state: {replacement.Reason}", IsWarning: true));
        supervisor = Begin();
        if (scale is not null)
            supervisor.Tell(scale);
        if (scaleRollouts is not null)
            supervisor.Tell(scaleRollouts);
        if (stop is not null)
            supervisor.Tell(stop);
    }

    private IActorRef Begin()
    {
        var life = ++parts.Lives;
        return Context.ActorOf(parts.Children.Supervisor(parts), life == 1 ? "supervisor" : $"supervisor-{life}");
    }

    private sealed record Replacement(string Reason) : INoSerializationVerificationNeeded;
}
