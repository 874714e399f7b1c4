using System.Text.Json.Serialization;

namespace ActorTrain.Actors.Protocol;

/// <summary>What an operator may want of a run under way.</summary>
[JsonDerivedType(typeof(RollBackRun), "roll-back-run")]
[JsonDerivedType(typeof(SkipBatches), "skip-batches")]
[JsonDerivedType(typeof(ScaleLearningRate), "scale-learning-rate")]
[JsonDerivedType(typeof(ExtendRun), "extend-run")]
[JsonDerivedType(typeof(QuarantineTrainer), "quarantine-trainer")]
[JsonDerivedType(typeof(ReleaseTrainer), "release-trainer")]
[JsonDerivedType(typeof(PauseRun), "pause-run")]
[JsonDerivedType(typeof(ContinueRun), "continue-run")]
public abstract record OperatorCommand;

/// <summary>Go back to a step, and skip the batches that follow it.</summary>
/// <param name="To">Updates to roll back to.</param>
/// <param name="Skip">Batches to skip from there on; 0: none.</param>
public sealed record RollBackRun(long To, long Skip) : OperatorCommand;

/// <summary>Leave the next batches out.</summary>
/// <param name="Count">How many, at least 1.</param>
public sealed record SkipBatches(long Count) : OperatorCommand;

/// <summary>Multiply the learning rate from the next step on.</summary>
/// <param name="Factor">Above 0.</param>
public sealed record ScaleLearningRate(double Factor) : OperatorCommand;

/// <param name="Steps">Updates in all, more than it has.</param>
public sealed record ExtendRun(long Steps) : OperatorCommand;

/// <summary>Let a trainer take no part until it is released; another takes its place.</summary>
public sealed record QuarantineTrainer(int Trainer) : OperatorCommand;

/// <summary>Let a quarantined trainer take part again.</summary>
public sealed record ReleaseTrainer(int Trainer) : OperatorCommand;

public sealed record PauseRun : OperatorCommand;

/// <summary>Take steps again after a pause.</summary>
public sealed record ContinueRun : OperatorCommand;

/// <summary>An operator wants something. Answered by an <see cref="OperatorAnswer"/> once it is recorded, or refused at once.</summary>
public sealed record OperatorRequest(long Number, string By, OperatorCommand Command) : IRunInput;

/// <summary>What came of a request.</summary>
/// <param name="IsAccepted">Whether it is done, or begun.</param>
/// <param name="Sentence">What happens now, or why it does not.</param>
public sealed record OperatorAnswer(bool IsAccepted, string Sentence);
