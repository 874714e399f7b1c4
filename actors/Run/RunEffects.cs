using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Run;

/// <summary>An action requested by the logic; the run supervisor performs them in order.</summary>
public abstract record RunEffect;

/// <param name="Trainer">Dropped if this trainer is gone.</param>
public sealed record ToTrainer(TrainerKey Trainer, TrainerCommand Command) : RunEffect;

public sealed record ToTrainerSupervisor(TrainerSupervisorCommand Command) : RunEffect;

public sealed record ToReducer(int Reducer, ReducerCommand Command) : RunEffect;

/// <summary>Dropped if the run has no rollouts.</summary>
public sealed record ToRollouts(RolloutsCommand Command) : RunEffect;

public sealed record ReplaceReducer(int Reducer) : RunEffect;

public sealed record ToCheckpointer(CheckpointCommand Command) : RunEffect;

public sealed record ToSpikeDetector(JudgeStep Command) : RunEffect;

public sealed record AnswerOperator(long Request, OperatorAnswer Answer) : RunEffect;

public sealed record ToMetrics(MetricsCommand Command) : RunEffect;

/// <param name="Turn">The activity from now on.</param>
public sealed record ToGoodput(GoodputTurn Turn) : RunEffect;

public sealed record ToJournal(RecordDecision Command) : RunEffect;

public sealed record OpenRound(Round Round) : RunEffect;

/// <summary>Frees a round's gradients; nothing reads them any more, and later writes are stale.</summary>
public sealed record CloseRound(Round Round) : RunEffect;

public abstract record RunNotice : RunEffect;

public sealed record NotifyText(string Sentence, bool IsWarning) : RunNotice;

/// <param name="Steps">Updates so far.</param>
public sealed record NotifyMeasurement(Measurement Measurement, long Steps) : RunNotice;

public sealed record NotifyCheckpoint(long Step) : RunNotice;

/// <summary>Requests a <see cref="Tick"/> at a time; an earlier request's tick may arrive as well.</summary>
public sealed record WakeAt(DateTimeOffset At) : RunEffect;

public sealed record EndRun(RunEnded Outcome) : RunEffect;
