using System.Text.Json.Serialization;

namespace ActorTrain.Actors.Protocol;

[JsonDerivedType(typeof(RollBackRun), "roll-back-run")]
[JsonDerivedType(typeof(SkipBatches), "skip-batches")]
[JsonDerivedType(typeof(ScaleLearningRate), "scale-learning-rate")]
[JsonDerivedType(typeof(ExtendRun), "extend-run")]
[JsonDerivedType(typeof(QuarantineTrainer), "quarantine-trainer")]
[JsonDerivedType(typeof(ReleaseTrainer), "release-trainer")]
[JsonDerivedType(typeof(PauseRun), "pause-run")]
[JsonDerivedType(typeof(ContinueRun), "continue-run")]
public abstract record OperatorCommand;

/// <param name="To">Updates to roll back to.</param>
/// <param name="Skip">Batches to skip from there on; 0 for none.</param>
public sealed record RollBackRun(long To, long Skip) : OperatorCommand;

/// <summary>Skips the next batches.</summary>
/// <param name="Count">At least 1.</param>
public sealed record SkipBatches(long Count) : OperatorCommand;

/// <summary>Multiplies the learning rate from the next step on.</summary>
/// <param name="Factor">Above 0.</param>
public sealed record ScaleLearningRate(double Factor) : OperatorCommand;

/// <param name="Steps">Total updates, more than at present.</param>
public sealed record ExtendRun(long Steps) : OperatorCommand;

/// <summary>Excludes a trainer until it is released; another takes its place.</summary>
public sealed record QuarantineTrainer(int Trainer) : OperatorCommand;

public sealed record ReleaseTrainer(int Trainer) : OperatorCommand;

public sealed record PauseRun : OperatorCommand;

public sealed record ContinueRun : OperatorCommand;

/// <summary>Answered by an <see cref="OperatorAnswer"/> once recorded, or at once if refused.</summary>
public sealed record OperatorRequest(long Number, string By, OperatorCommand Command) : IRunInput;

/// <param name="IsAccepted">Whether it is done, or has begun.</param>
/// <param name="Sentence">What happens now, or the reason of the refusal.</param>
public sealed record OperatorAnswer(bool IsAccepted, string Sentence);
