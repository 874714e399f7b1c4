using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;

namespace ActorTrain.Actors.Run;

/// <summary>What the run wants done: the supervisor of the run does it, in order.</summary>
public abstract record RunEffect;

/// <param name="Trainer">Which one; dropped if it is gone.</param>
public sealed record ToTrainer(TrainerKey Trainer, TrainerCommand Command) : RunEffect;

/// <summary>Tell the supervisor of trainers.</summary>
public sealed record ToTrainerSupervisor(TrainerSupervisorCommand Command) : RunEffect;

/// <param name="Reducer">Which one, from 0.</param>
public sealed record ToReducer(int Reducer, ReducerCommand Command) : RunEffect;

/// <summary>Put another reducer in the place of one that hangs.</summary>
/// <param name="Reducer">Which one, from 0.</param>
public sealed record ReplaceReducer(int Reducer) : RunEffect;

public sealed record ToCheckpointer(CheckpointCommand Command) : RunEffect;

public sealed record ToSpikeDetector(JudgeStep Command) : RunEffect;

/// <summary>Tell an operator what came of a request.</summary>
public sealed record AnswerOperator(long Request, OperatorAnswer Answer) : RunEffect;

/// <summary>Tell the publisher of metrics.</summary>
public sealed record ToMetrics(MetricsCommand Command) : RunEffect;

/// <summary>Tell the recorder of what the time goes into.</summary>
/// <param name="Turn">What the run does from now on.</param>
public sealed record ToGoodput(GoodputTurn Turn) : RunEffect;

public sealed record ToJournal(RecordDecision Command) : RunEffect;

/// <summary>Let the transport take gradients of a round.</summary>
public sealed record OpenRound(Round Round) : RunEffect;

/// <summary>Free a round's gradients: no one reads them any more, and later writers are stale.</summary>
public sealed record CloseRound(Round Round) : RunEffect;

/// <summary>A notice for the user.</summary>
public abstract record RunNotice : RunEffect;

/// <summary>A sentence for the user.</summary>
public sealed record NotifyText(string Sentence, bool IsWarning) : RunNotice;

/// <summary>A step or an evaluation is done.</summary>
/// <param name="Steps">Updates in all, as things stand.</param>
public sealed record NotifyMeasurement(Measurement Measurement, long Steps) : RunNotice;

/// <summary>A checkpoint is on disk.</summary>
public sealed record NotifyCheckpoint(long Step) : RunNotice;

/// <summary>Send a <see cref="Tick"/> at a time; one that was asked for at a later time may come as well.</summary>
public sealed record WakeAt(DateTimeOffset At) : RunEffect;

/// <summary>The run is over: stop everything and say so.</summary>
public sealed record EndRun(RunEnded Outcome) : RunEffect;
