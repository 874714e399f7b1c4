using System.Text.Json.Serialization;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Protocol;

/// <summary>Weights that rollouts are sampled with: never changed once they are published.</summary>
/// <param name="Step">Updates that they have seen.</param>
/// <param name="Slot">Of the snapshots in memory, where they are.</param>
/// <param name="Hash">Of the state that they are part of.</param>
public sealed record PublishedWeights(long Step, int Slot, ulong Hash);

public abstract record RolloutsCommand;

/// <summary>Changes how many workers sample, from now on.</summary>
public sealed record ResizeSamplers(int Count) : RolloutsCommand;

/// <summary>Has the rollouts of a step made, scored and kept; answered by <see cref="ExperiencePrepared"/>.</summary>
/// <param name="Number">Grows with each request; a repeated one is answered again.</param>
/// <param name="Oldest">Requests with lower numbers are not wanted any more.</param>
/// <param name="Step">The step that is trained on them.</param>
/// <param name="Skips">What the plan of prompts skips.</param>
public sealed record PrepareExperience(long Number, long Oldest, long Step, PublishedWeights Weights, SkipList Skips) : RolloutsCommand
{
    /// <summary>Whether rollouts of the step were found wrong: those that are kept do not count, and each is sampled twice.</summary>
    public bool IsDoubted { get; init; }

    /// <summary>Of the KL divergence in the reward, once it was adapted; else null.</summary>
    public double? KlCoefficient { get; init; }
}

/// <summary>What concerns the rollouts of a run.</summary>
public abstract record RolloutsInput : IRunInput;

/// <summary>An operator's request: from now on, so many workers sample.</summary>
/// <param name="Workers">At least 1.</param>
public sealed record ScaleRollouts(int Workers) : RolloutsInput;

public abstract record RolloutsReport : RolloutsInput;

/// <summary>Sent by a new supervisor of rollouts, which knows of no step.</summary>
public sealed record RolloutsStarted : RolloutsReport;

public enum RolloutPhase
{
    /// <summary>Completions are sampled.</summary>
    Sampling,

    /// <summary>All are sampled; rewards, log-probabilities or values are missing.</summary>
    Scoring,

    /// <summary>The ledger writes them.</summary>
    Keeping,
}

/// <summary>What the rollouts of a step wait for; told when it changes.</summary>
public sealed record ExperienceProgressed(long Number, RolloutPhase Phase) : RolloutsReport;

/// <summary>The step can be trained on.</summary>
/// <param name="Hash">Of all that training reads.</param>
public sealed record ExperiencePrepared(long Number, ulong Hash, RolloutSummary Summary) : RolloutsReport;

/// <summary>The published weights are gone or damaged: they are to be published again.</summary>
public sealed record WeightsRefused(long Number, string Reason) : RolloutsReport;

/// <summary>A judge gives no scores, or weights that a worker starts with are damaged; the run ends in order, since no step is trained on
/// rollouts that are not scored.</summary>
public sealed record RolloutsFailed(string Reason) : RolloutsReport;

/// <summary>Scores are waited for, or come again.</summary>
/// <param name="Reason">One sentence on who is waited for; null: nobody any more.</param>
public sealed record JudgeDelayed(string? Reason) : RolloutsReport;

/// <summary>Rollouts cannot be kept for now, or can again.</summary>
/// <param name="Reason">One sentence; null: they are kept.</param>
public sealed record LedgerDelayed(string? Reason) : RolloutsReport;

/// <summary>A worker computed other bits than two others.</summary>
public sealed record WorkerCorrupted(ActorId Worker, string Evidence) : RolloutsReport;

/// <summary>A worker was lost and is replaced; nothing else depends on it.</summary>
public sealed record WorkerLost(ActorId Worker, string Reason) : RolloutsReport;

/// <summary>Work on the rollouts of a step. An order that arrives twice is done once and answered twice.</summary>
/// <param name="Number">Of the experience that it is for.</param>
[JsonDerivedType(typeof(GenerateRollouts), "generate-rollouts")]
[JsonDerivedType(typeof(JudgeRollouts), "judge-rollouts")]
[JsonDerivedType(typeof(ForgetRollouts), "forget-rollouts")]
public abstract record WorkerCommand(long Number);

/// <summary>Samples completions of a prompt; answered by a <see cref="RolloutDone"/> for each.</summary>
/// <param name="Position">Of the prompt in the stream of prompts.</param>
/// <param name="Samples">Their numbers.</param>
/// <param name="Attempt">Distinguishes computations of one rollout that are to be compared; each is done anew.</param>
public sealed record GenerateRollouts(
    long Number, PublishedWeights Weights, long Position, EquatableArray<int> Prompt, EquatableArray<int> Samples, int Attempt)
    : WorkerCommand(Number);

/// <summary>Scores the rollouts of a prompt, or computes their log-probabilities or values, according to who is asked.</summary>
/// <param name="Weights">Those that sampled; of a critic among them are the values.</param>
/// <param name="Rollouts">All of the prompt, in order of samples.</param>
/// <param name="Attempt">Distinguishes computations that are to be compared, and those of rollouts of which one turned out to be
/// another; each is done anew.</param>
public sealed record JudgeRollouts(
    long Number, PublishedWeights Weights, long Position, EquatableArray<int> Prompt, EquatableArray<Rollout> Rollouts, int Attempt)
    : WorkerCommand(Number);

/// <summary>All work for experience with lower numbers is to be forgotten.</summary>
public sealed record ForgetRollouts(long Number) : WorkerCommand(Number);

public abstract record WorkerReport(ActorId Worker, long Number);

/// <summary>Heartbeat.</summary>
public sealed record WorkerProgressed(ActorId Worker, long Number) : WorkerReport(Worker, Number);

/// <param name="Weights">Hash of the state that sampled it.</param>
public sealed record RolloutDone(ActorId Worker, long Number, long Position, int Sample, int Attempt, Rollout Rollout, ulong Weights)
    : WorkerReport(Worker, Number);

/// <summary>What was said of all rollouts of a prompt, in order of samples.</summary>
/// <param name="Attempt">Of the order.</param>
public abstract record JudgementReport(ActorId Worker, long Number, long Position, int Attempt) : WorkerReport(Worker, Number)
{
    /// <summary>One sentence on what is wrong with it, whatever it says; null if nothing is.</summary>
    /// <param name="rollouts">Of the prompt.</param>
    public string? ProblemFor(int rollouts) => Count is { } count && count != rollouts
        ? $"It judged {count} rollouts of {rollouts}." : IsFinite ? null : "It gave a reward that is not finite.";

    /// <summary>Rollouts that it judges; null if it is about the prompt.</summary>
    protected abstract int? Count { get; }

    protected virtual bool IsFinite => true;
}

/// <param name="Scores">In order of samples.</param>
public sealed record RewardsScored(ActorId Worker, long Number, long Position, int Attempt, EquatableArray<RolloutScore> Scores)
    : JudgementReport(Worker, Number, Position, Attempt)
{
    protected override int? Count => Scores.Count;

    protected override bool IsFinite => Scores.All(static score => score.Total is not { } total || double.IsFinite(total));
}

/// <summary>There are no rewards, and there will be none: the run ends in order.</summary>
public sealed record ScoringFailed(ActorId Worker, long Number, long Position, int Attempt, string Reason)
    : JudgementReport(Worker, Number, Position, Attempt)
{
    protected override int? Count => null;
}

/// <summary>A heartbeat of a scorer that waits for a judge, or does not any more.</summary>
/// <param name="Reason">As of <see cref="JudgeDelayed"/>.</param>
public sealed record ScoringDelayed(ActorId Worker, long Number, string? Reason) : WorkerReport(Worker, Number);

/// <param name="LogProbabilities">Of the tokens of each rollout, in nats, in order of samples.</param>
public sealed record ReferencesScored(
    ActorId Worker, long Number, long Position, int Attempt, EquatableArray<EquatableArray<float>> LogProbabilities)
    : JudgementReport(Worker, Number, Position, Attempt)
{
    protected override int? Count => LogProbabilities.Count;
}

/// <param name="Values">Before each token of each rollout, in order of samples.</param>
public sealed record ValuesEstimated(
    ActorId Worker, long Number, long Position, int Attempt, EquatableArray<EquatableArray<float>> Values)
    : JudgementReport(Worker, Number, Position, Attempt)
{
    protected override int? Count => Values.Count;
}

/// <summary>The order cannot be carried out: the published weights are gone or damaged.</summary>
public sealed record WeightsMissing(ActorId Worker, long Number, string Reason) : WorkerReport(Worker, Number);

[JsonDerivedType(typeof(KeepRollouts), "keep-rollouts")]
[JsonDerivedType(typeof(ReadRollouts), "read-rollouts")]
public abstract record LedgerCommand(long Number);

/// <summary>Makes the rollouts of a step durable; answered by <see cref="RolloutsKept"/>.</summary>
public sealed record KeepRollouts(long Number, StepRollouts Rollouts) : LedgerCommand(Number);

/// <summary>Looks for rollouts of a step; answered by <see cref="RolloutsRead"/>.</summary>
public sealed record ReadRollouts(long Number, long Step) : LedgerCommand(Number);

public abstract record LedgerReport(long Number);

public sealed record RolloutsKept(long Number) : LedgerReport(Number);

/// <param name="Rollouts">Null if there are none.</param>
public sealed record RolloutsRead(long Number, StepRollouts? Rollouts) : LedgerReport(Number);

public sealed record LedgerFailed(long Number, string Reason) : LedgerReport(Number);
