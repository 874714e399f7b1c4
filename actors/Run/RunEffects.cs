using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;

namespace ActorTrain.Actors.Run;

/// <summary>What the run wants done: the supervisor of the run does it, in order.</summary>
public abstract record RunEffect;

/// <summary>Tell a trainer.</summary>
/// <param name="Trainer">Which one; dropped if it is gone.</param>
public sealed record ToTrainer(TrainerKey Trainer, TrainerCommand Command) : RunEffect;

/// <summary>Tell the supervisor of trainers.</summary>
public sealed record ToTrainerSupervisor(TrainerSupervisorCommand Command) : RunEffect;

/// <summary>Tell a gradient reducer.</summary>
/// <param name="Reducer">Which one, from 0.</param>
public sealed record ToReducer(int Reducer, ReducerCommand Command) : RunEffect;

/// <summary>Put another reducer in the place of one that hangs.</summary>
/// <param name="Reducer">Which one, from 0.</param>
public sealed record ReplaceReducer(int Reducer) : RunEffect;

/// <summary>Tell the checkpointer.</summary>
public sealed record ToCheckpointer(CheckpointCommand Command) : RunEffect;

/// <summary>Tell the spike detector.</summary>
public sealed record ToSpikeDetector(JudgeStep Command) : RunEffect;

/// <summary>Tell an operator what came of a request.</summary>
/// <param name="Request">The request's number.</param>
/// <param name="Answer">The answer.</param>
public sealed record AnswerOperator(long Request, OperatorAnswer Answer) : RunEffect;

/// <summary>Tell the publisher of metrics.</summary>
public sealed record ToMetrics(MetricsCommand Command) : RunEffect;

/// <summary>Tell the recorder of what the time goes into.</summary>
/// <param name="Turn">What the run does from now on.</param>
public sealed record ToGoodput(GoodputTurn Turn) : RunEffect;

/// <summary>Tell the journal.</summary>
public sealed record ToJournal(RecordDecision Command) : RunEffect;

/// <summary>Let the transport take gradients of a round.</summary>
public sealed record OpenRound(Round Round) : RunEffect;

/// <summary>Free a round's gradients: no one reads them any more, and later writers are stale.</summary>
public sealed record CloseRound(Round Round) : RunEffect;

/// <summary>A notice for the user.</summary>
public abstract record RunNotice : RunEffect;

/// <summary>A sentence for the user.</summary>
/// <param name="Sentence">One sentence.</param>
/// <param name="IsWarning">Whether something went wrong.</param>
public sealed record NotifyText(string Sentence, bool IsWarning) : RunNotice;

/// <summary>A step or an evaluation is done.</summary>
/// <param name="Measurement">What was measured.</param>
/// <param name="Steps">Updates in all, as things stand.</param>
public sealed record NotifyMeasurement(Measurement Measurement, long Steps) : RunNotice;

/// <summary>A checkpoint is on disk.</summary>
public sealed record NotifyCheckpoint(long Step) : RunNotice;

/// <summary>Send a <see cref="Tick"/> at a time; one that was asked for at a later time may come as well.</summary>
public sealed record WakeAt(DateTimeOffset At) : RunEffect;

/// <summary>The run is over: stop everything and say so.</summary>
/// <param name="Outcome">How it ended.</param>
public sealed record EndRun(RunEnded Outcome) : RunEffect;
