using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Training;

public abstract record TrainerSupervisorEffect;

/// <param name="Trainer">A new key.</param>
public sealed record SpawnTrainer(TrainerKey Trainer) : TrainerSupervisorEffect
{
    /// <summary>Null in this process.</summary>
    public LifePlace? Place { get; init; }
}

/// <summary>Stops and forgets a life, without waiting for one that hangs.</summary>
public sealed record StopTrainer(TrainerKey Trainer) : TrainerSupervisorEffect;

public sealed record TellRun(TrainerSupervisorReport Report) : TrainerSupervisorEffect;

/// <param name="Message">A <see cref="SeekPlace"/>, <see cref="ForgetPlace"/> or <see cref="LeavePlace"/>.</param>
public sealed record TellPlaces(object Message) : TrainerSupervisorEffect;
