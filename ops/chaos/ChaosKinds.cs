using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Journal;
using static ActorTrain.Chaos.ChaosKind;

namespace ActorTrain.Chaos;

/// <summary>The table of all faults and responses, for schedules, random draws, injection, report and help.</summary>
public static class ChaosKinds
{
    private const string AsksAgain = "unanswered messages are repeated, duplicate answers count once, late ones are stale";

    public static IReadOnlyList<ChaosKind> All { get; } =
    [
        new("trainer-exception", FaultEffect.Throw, Trainer, "a trainer throws",
            "its lanes are reassigned in the same step; its next incarnation copies a healthy state, checked by hash; without another "
                + "trainer the run restores the newest snapshot")
        { Shows = static (decision, _, fired) => decision is TrainerLeft left && left.Trainer.ToString() == fired.Actor },
        new("trainer-hang", FaultEffect.Hang, Trainer, "a trainer hangs",
            "after trainers.timeout without a heartbeat it is abandoned: its lanes are reassigned and it is replaced; if it comes back, "
                + "it is ignored")
        { Shows = static (decision, _, fired) => decision is TrainerLeft left && left.Trainer.ToString() == fired.Actor },
        new("trainer-slow", FaultEffect.Slow, Trainer, "a trainer takes three times as long",
            "the step waits for it: it sends heartbeats, so nothing is decided") { Seconds = 3 },
        new("kill", FaultEffect.Kill, Spikes, "kill -9 of the process",
            "the next process resumes from the newest intact checkpoint and redoes the later steps")
        { Shows = static (decision, _, _) => decision is RunResumed },
        new("flip-weights", FaultEffect.Flip, Trainer, "a flipped bit in a trainer's weights",
            "found by checksum when they are next read; that trainer discards its state and copies a healthy one")
        { Places = [FlatPlace.Weights], Shows = ShowsCorruption },
        new("flip-moments", FaultEffect.Flip, Trainer, "a flipped bit in a trainer's moments",
            "found by checksum when they are next read; that trainer discards its state and copies a healthy one")
        { Places = [FlatPlace.FirstMoment, FlatPlace.SecondMoment], Shows = ShowsCorruption },
        new("flip-gradient", FaultEffect.Flip, Trainer, "a flipped bit in a gradient of lanes, or in the total",
            "found by checksum when it is next read; its holder starts over")
        { Places = [FlatPlace.LaneGradient, FlatPlace.TotalGradient], Shows = ShowsCorruption },
        new("flip-message", FaultEffect.Flip, Trainer, "a flipped bit in a published sum",
            "found by checksum by the reducer that reads it; the round is recomputed")
        { Places = [FlatPlace.PublishedGradient], Shows = ShowsCorruption },
        new("flip-snapshot", FaultEffect.Flip, Trainer, "a flipped bit in a snapshot in memory",
            "found by hash before the snapshot is loaded, written, or sampled with: another trainer or an older state is used, or the "
                + "weights are copied again")
        { Places = [FlatPlace.Snapshot] },
        new("nan-gradient", FaultEffect.NotANumber, Trainer, "a NaN in a gradient that the data does not explain",
            "found by checksum, or by recomputing the suspicious step: the machine is blamed, not the batch")
        { Shows = static (decision, fault, fired) => ShowsCorruption(decision, fault, fired)
            || decision is StepReplayed { Agreed: false } },
        new("poisoned-batch", FaultEffect.Poison, Trainer, "batches of random tokens",
            "the step is judged before its update is applied, and recomputed: its batch is skipped, or the run rolls back and skips it")
        { Shows = static (decision, fault, _) => decision switch
            {
                BatchVetoed vetoed => vetoed.Skipped.Any(range => fault.IsPoisoned(range.First, range.End)),
                CourseCorrected { Intervention: var intervention } =>
                    intervention.Skipped.Any(range => fault.IsPoisoned(range.First, range.End)),
                _ => false,
            } },
        new("reducer-death", FaultEffect.Throw, Reducer, "a gradient reducer throws",
            "it is restarted and receives all blocks of the round again")
        { Shows = static (decision, _, fired) => decision is ActorRestarted restarted
            && restarted.Actor.ToString() == RoleAndNumber(fired.Actor) },
        new("spike-detector-death", FaultEffect.Throw, Spikes, "the spike detector throws", "it is restarted and asked again")
        { Shows = static (decision, _, _) => decision is ActorRestarted { Actor.Role: ActorRole.Spikes } },
        new("checkpointer-death", FaultEffect.Throw, Checkpointer, "the checkpointer throws", "it is restarted and asked again to write")
        { Shows = static (decision, _, _) => decision is ActorRestarted { Actor.Role: ActorRole.Checkpointer } },
        new("metrics-death", FaultEffect.Throw, Metrics, "the metrics publisher throws",
            "it is restarted and receives the missing rows again")
        { Shows = static (decision, _, _) => decision is ActorRestarted { Actor.Role: ActorRole.Metrics } },
        new("journal-death", FaultEffect.Throw, Journal, "the journal throws",
            "it is restarted and receives the decisions that are not durable; none is lost"),
        new("trainer-supervisor-death", FaultEffect.Throw, Trainers, "the trainer supervisor throws",
            "all trainers end with it; it is replaced, and the run continues from the newest snapshot")
        { Shows = static (decision, _, _) => decision is ActorRestarted { Actor.Role: ActorRole.Trainers } },
        new("supervisor-death", FaultEffect.Throw, Supervisor, "the run supervisor throws",
            "it is replaced; the replacement reads the journal and restarts from recovered state")
        { Shows = static (decision, _, _) => decision is RunResumed },
        new("sampler-exception", FaultEffect.Throw, Sampler, "a sampler throws",
            "its rollouts are given to others, and its next incarnation copies the published weights, checked by hash")
        { Shows = ShowsLoss },
        new("sampler-hang", FaultEffect.Hang, Sampler, "a sampler hangs",
            "after trainers.timeout without a heartbeat another takes its place, and its rollouts; if it comes "
                + "back, it is ignored")
        { Shows = ShowsLoss },
        new("sampler-slow", FaultEffect.Slow, Sampler, "a sampler takes three times as long",
            "the step waits for it: it sends heartbeats, so nothing is decided") { Seconds = 3 },
        new("sampler-wrong", FaultEffect.Misreport, Sampler, "a sampler reports a wrong bit of a log-probability",
            "a trainer with the same weights computes another one: the rollouts of the step are sampled again, each twice")
        { Shows = ShowsCorruption },
        new("flip-sampler", FaultEffect.Flip, Sampler, "a flipped bit in a sampler's copy of the weights",
            "found by checksum before anything sampled with them is reported; that sampler is replaced, and its "
                + "rollouts are sampled again")
        { Places = [FlatPlace.Weights], Shows = ShowsLoss },
        new("reward-death", FaultEffect.Throw, Reward, "a scorer throws",
            "its next incarnation is given the same rollouts")
        { Shows = ShowsLoss },
        new("reference-death", FaultEffect.Throw, Reference, "the reference throws",
            "its next incarnation is given the same rollouts")
        { Shows = ShowsLoss },
        new("critic-death", FaultEffect.Throw, Critic, "the critic throws",
            "its next incarnation is given the same rollouts")
        { Shows = ShowsLoss },
        new("ledger-death", FaultEffect.Throw, Ledger, "the ledger of rollouts throws",
            "the supervisor of rollouts is replaced with it, and the rollouts that were durable are read again")
        { Shows = static (decision, _, _) => decision is ActorRestarted { Actor.Role: ActorRole.Rollouts } },
        new("ledger-torn", FaultEffect.TearLedger, Ledger, "kill -9, and the newest file of rollouts is truncated",
            "the next process finds it by its hash and samples these rollouts again")
        { Shows = static (decision, _, _) => decision is RunResumed },
        new("rollouts-supervisor-death", FaultEffect.Throw, Rollouts, "the supervisor of rollouts throws",
            "samplers, scorers and ledger end with it; it is replaced and asked again, and reads from the ledger "
                + "what was durable")
        { Shows = static (decision, _, _) => decision is ActorRestarted { Actor.Role: ActorRole.Rollouts } },
        new("checkpoint-torn", FaultEffect.Tear, Checkpointer, "kill -9, and the newest checkpoint is truncated",
            "the next process finds it by its hash and resumes from the one before")
        { Shows = static (decision, _, fired) => decision is RunResumed && (fired.TornStep is not { } torn || decision.Step < torn) },
        new("disk-full", FaultEffect.FillDisk, Checkpointer, "no room for a checkpoint (RLIMIT_FSIZE at half its size)",
            "the save fails with one message, earlier checkpoints stay, training continues, and the save is retried with exponential "
            + "backoff")
        { Seconds = 1, Shows = static (decision, _, _) => decision is CheckpointLost },
        new("database-away", FaultEffect.TakeDatabase, Spikes, "the journal's database is locked, or its connections are cut",
            "decisions are buffered while training continues; when the buffer (journal.buffer) is full, it pauses; none is lost")
        { Seconds = 3 },
        new("clock-jump", FaultEffect.JumpClock, Spikes, "the wall clock is an hour ahead, then right again",
            "nothing: the run reads the wall clock once and uses a steady one") { Seconds = 2 },
        new("memory-pressure", FaultEffect.PressMemory, Spikes, "nine tenths of the managed memory are taken",
            "the run becomes slower; an actor that runs out of memory is restarted") { Seconds = 2 },
        new("node-death", FaultEffect.KillNode, Node, "kill -9 of the process of a node",
            "known at once: its lanes and rollouts are reassigned in the same step, and no step is redone while another trainer has a "
                + "state; the process is started again"),
        new("node-hang", FaultEffect.StopNode, Node, "the process of a node is stopped by SIGSTOP, and woken later",
            "after nodes.timeout without a heartbeat it is lost, as if it had been killed; what it sends once it wakes is stale, and it "
                + "joins anew")
        { Seconds = 4 },
        new("node-departure", FaultEffect.EndNode, Node, "the process of a node is asked to end (SIGTERM)",
            "it leaves in order: its lanes and rollouts are reassigned; the process is started again"),
        new("data-plane-cut", FaultEffect.CutNodes, Spikes, "all connections of the data plane are cut",
            "all nodes are lost and join anew; the run goes on from the newest snapshot, which the process that leads holds")
        { Seconds = 1 },
        new("message-loss", FaultEffect.Drop, Anyone, "a message is lost", AsksAgain),
        new("message-duplicate", FaultEffect.Duplicate, Anyone, "a message is duplicated", AsksAgain),
        new("message-reorder", FaultEffect.Defer, Anyone, "a message is overtaken by those behind it", AsksAgain),
    ];

    public static IReadOnlyDictionary<string, ChaosKind> ByName { get; } =
        All.ToDictionary(static kind => kind.Name, StringComparer.Ordinal);

    public static IEnumerable<string> Describe() => All.Select(static kind => $"{kind.Name,-26} {kind.What}\n{"",-26} → {kind.Answer}");

    // Names end with the number of a life, or of a replacement.
    private static string RoleAndNumber(string actor) => string.Join('-', actor.Split('-').Take(2));

    private static bool ShowsLoss(RunEvent decision, ChaosFault fault, ChaosFired fired) =>
        decision is ActorRestarted restarted && restarted.Actor.ToString() == fired.Actor;

    private static bool ShowsCorruption(RunEvent decision, ChaosFault fault, ChaosFired fired) => decision is CorruptionFound;
}
