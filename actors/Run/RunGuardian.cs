using Akka.Actor;

namespace ActorTrain.Actors.Run;

/// <summary>Keeps the supervisor of a run alive, and hands over how the run ended.</summary>
public sealed class RunGuardian : ReceiveActor
{
    /// <summary>The guardian's name under the actor system's user guardian.</summary>
    public const string Name = "run";

    private readonly RunParts parts;
    private readonly TaskCompletionSource<RunEnded> outcome;
    private readonly RestartBudget budget;
    private readonly IActorRef supervisor;
    private string? report;

    /// <summary>Begins the run.</summary>
    /// <param name="parts">What it works with.</param>
    /// <param name="outcome">Completed when the run is over; its actors may still be stopping then.</param>
    public RunGuardian(RunParts parts, TaskCompletionSource<RunEnded> outcome)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(outcome);
        this.parts = parts;
        this.outcome = outcome;
        budget = new RestartBudget(parts.Limits);
        supervisor = Context.ActorOf(Props.Create(() => new RunSupervisor(parts)), "supervisor");
        Context.Watch(supervisor);
        Receive<RunEnded>(ended => outcome.TrySetResult(ended));
        Receive<Terminated>(_ => outcome.TrySetResult(
            new RunEnded(RunEnding.Failed, parts.Remains.Origin.Step, report ?? "The supervisor of the run stopped.")));
        Receive<GetStatus>(supervisor.Forward);
        Receive<IRunInput>(supervisor.Forward);
    }

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new ReportingStrategy((_, exception) =>
    {
        var reason = ReportingStrategy.Sentence(exception);
        report = budget.Spend("The supervisor of the run", reason, Context.System.Scheduler.Now);
        if (report is not null)
            return Directive.Stop;
        parts.Show(new Say($"the supervisor of the run failed and goes on from what is kept: {reason}", IsWarning: true));
        return Directive.Restart;
    });

    /// <inheritdoc/>
    protected override void PostStop() => outcome.TrySetResult(new RunEnded(RunEnding.Stopped, parts.Remains.Origin.Step, "The actor system was stopped."));
}
