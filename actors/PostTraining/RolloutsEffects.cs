using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.PostTraining;

/// <summary>An action requested by <see cref="RolloutsLogic"/>, to be performed in order.</summary>
public abstract record RolloutsEffect;

public sealed record SpawnWorker(ActorId Worker) : RolloutsEffect
{
    /// <summary>Null in this process.</summary>
    public LifePlace? Place { get; init; }
}

/// <param name="Message">A <see cref="SeekPlace"/>, <see cref="ForgetPlace"/> or <see cref="LeavePlace"/>.</param>
public sealed record AskForPlace(object Message) : RolloutsEffect;

/// <summary>Ends a life of a worker; it may hang.</summary>
public sealed record StopWorker(ActorId Worker) : RolloutsEffect;

public sealed record TellWorker(ActorId Worker, WorkerCommand Command) : RolloutsEffect;

public sealed record TellLedger(LedgerCommand Command) : RolloutsEffect;

/// <summary>Gives trainers what a step is trained on.</summary>
public sealed record HandOver(long Step, Experience Experience) : RolloutsEffect;

public sealed record TellRunOf(IRunInput Report) : RolloutsEffect;
