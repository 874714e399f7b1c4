using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Training;

/// <summary>What the supervisor of trainers is to do.</summary>
public abstract record TrainerSupervisorEffect;

/// <summary>Start a life of a trainer.</summary>
/// <param name="Trainer">The life, which never was before.</param>
public sealed record SpawnTrainer(TrainerKey Trainer) : TrainerSupervisorEffect;

/// <summary>Stop a life and forget it; whether it hangs does not matter.</summary>
public sealed record StopTrainer(TrainerKey Trainer) : TrainerSupervisorEffect;

public sealed record TellRun(TrainerSupervisorReport Report) : TrainerSupervisorEffect;
