using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Journal;
using static ActorTrain.Chaos.ChaosKind;

namespace ActorTrain.Chaos;

/// <summary>The table of all faults with the answer to each: schedules, draws, injection, report and help go by it.</summary>
public static class ChaosKinds
{
    private const string AsksAgain = "what is not answered is asked again, what is answered twice counts once, what comes late is stale";

    public static IReadOnlyList<ChaosKind> All { get; } =
    [
        new("trainer-exception", FaultEffect.Throw, Trainer, "a trainer throws",
            "its lanes go to the others in the same step; its next life copies a healthy state, checked by hash; with no other left the "
                + "run goes back to the newest snapshot")
        { Shows = static (decision, _, fired) => decision is TrainerLeft left && left.Trainer.ToString() == fired.Actor },
        new("trainer-hang", FaultEffect.Hang, Trainer, "a trainer stands still",
            "after trainers.timeout of silence it is given up: its lanes go to the others, another life takes its place; should it come "
                + "back, it does nothing")
        { Shows = static (decision, _, fired) => decision is TrainerLeft left && left.Trainer.ToString() == fired.Actor },
        new("trainer-slow", FaultEffect.Slow, Trainer, "a trainer takes three times as long",
            "the step waits for it: it shows signs of life, so nothing is decided") { Seconds = 3 },
        new("kill", FaultEffect.Kill, Spikes, "kill -9 of the process",
            "the next process goes on from the newest whole checkpoint and takes the later steps again")
        { Shows = static (decision, _, _) => decision is RunResumed },
        new("flip-weights", FaultEffect.Flip, Trainer, "a flipped bit in a trainer's weights",
            "found by checksum when they are next read; that trainer gives up its state and copies a healthy one")
        { Places = [FlatPlace.Weights], Shows = ShowsCorruption },
        new("flip-moments", FaultEffect.Flip, Trainer, "a flipped bit in a trainer's moments",
            "found by checksum when they are next read; that trainer gives up its state and copies a healthy one")
        { Places = [FlatPlace.FirstMoment, FlatPlace.SecondMoment], Shows = ShowsCorruption },
        new("flip-gradient", FaultEffect.Flip, Trainer, "a flipped bit in a gradient of lanes, or in the total",
            "found by checksum when it is next read; whoever holds it begins anew")
        { Places = [FlatPlace.LaneGradient, FlatPlace.TotalGradient], Shows = ShowsCorruption },
        new("flip-message", FaultEffect.Flip, Trainer, "a flipped bit in a published sum",
            "found by checksum by the reducer that reads it; the round is computed again")
        { Places = [FlatPlace.PublishedGradient], Shows = ShowsCorruption },
        new("flip-snapshot", FaultEffect.Flip, Trainer, "a flipped bit in a snapshot in memory",
            "found by hash before the snapshot is taken over or written: another trainer, or an older state, is gone on from")
        { Places = [FlatPlace.Snapshot] },
        new("nan-gradient", FaultEffect.NotANumber, Trainer, "a NaN in a gradient that the data do not account for",
            "found by checksum, or by judging the step and computing it again: the machine is blamed, not the batch")
        { Shows = static (decision, fault, fired) => ShowsCorruption(decision, fault, fired)
            || decision is StepReplayed { Agreed: false } },
        new("poisoned-batch", FaultEffect.Poison, Trainer, "batches of random tokens",
            "the step is judged before its update is applied, and computed again: its batch is left out, or the run goes back and leaves "
            + "it out")
        { Shows = static (decision, fault, _) => decision switch
            {
                BatchVetoed vetoed => vetoed.Skipped.Any(range => fault.IsPoisoned(range.First, range.End)),
                CourseCorrected { Intervention: var intervention } =>
                    intervention.Skipped.Any(range => fault.IsPoisoned(range.First, range.End)),
                _ => false,
            } },
        new("reducer-death", FaultEffect.Throw, Reducer, "a gradient reducer throws",
            "it is restarted and told all blocks of the round again")
        { Shows = static (decision, _, fired) => decision is ActorRestarted restarted
            && restarted.Actor.ToString() == RoleAndNumber(fired.Actor) },
        new("spike-detector-death", FaultEffect.Throw, Spikes, "the spike detector throws", "it is restarted and asked again")
        { Shows = static (decision, _, _) => decision is ActorRestarted { Actor.Role: ActorRole.Spikes } },
        new("checkpointer-death", FaultEffect.Throw, Checkpointer, "the checkpointer throws",
            "it is restarted and told again what to write")
        { Shows = static (decision, _, _) => decision is ActorRestarted { Actor.Role: ActorRole.Checkpointer } },
        new("metrics-death", FaultEffect.Throw, Metrics, "the publisher of metrics throws",
            "it is restarted and told again what is not in the file")
        { Shows = static (decision, _, _) => decision is ActorRestarted { Actor.Role: ActorRole.Metrics } },
        new("journal-death", FaultEffect.Throw, Journal, "the journal throws",
            "it is started again and told the decisions that are not durable; none is lost"),
        new("trainer-supervisor-death", FaultEffect.Throw, Trainers, "the supervisor of trainers throws",
            "all trainers end with it; another takes its place, and the run goes on from the newest snapshot")
        { Shows = static (decision, _, _) => decision is ActorRestarted { Actor.Role: ActorRole.Trainers } },
        new("supervisor-death", FaultEffect.Throw, Supervisor, "the supervisor of the run throws",
            "another takes its place, reads the journal and goes on from what is kept")
        { Shows = static (decision, _, _) => decision is RunResumed },
        new("checkpoint-torn", FaultEffect.Tear, Checkpointer, "kill -9, and the newest checkpoint is cut short",
            "the next process finds it by its hash, and goes on from the one before")
        { Shows = static (decision, _, fired) => decision is RunResumed && (fired.TornStep is not { } torn || decision.Step < torn) },
        new("disk-full", FaultEffect.FillDisk, Checkpointer, "no room for a checkpoint (RLIMIT_FSIZE at half its size)",
            "the checkpoint is given up with one sentence, earlier ones stay as they were, training goes on, and the next one is written "
            + "when there is room")
        { Seconds = 1, Shows = static (decision, _, _) => decision is CheckpointLost },
        new("database-away", FaultEffect.TakeDatabase, Spikes, "the journal's database is locked, or its connections are cut",
            "decisions wait in memory while training goes on; when journal.buffer of them wait, it pauses; none is lost") { Seconds = 3 },
        new("clock-jump", FaultEffect.JumpClock, Spikes, "the wall clock is an hour ahead, then right again",
            "nothing: the run reads the wall clock once and goes by a steady one") { Seconds = 2 },
        new("memory-pressure", FaultEffect.PressMemory, Spikes, "nine tenths of the managed memory are taken",
            "the run becomes slower; an actor that throws for want of memory is started again") { Seconds = 2 },
        new("message-loss", FaultEffect.Drop, Anyone, "a message is lost", AsksAgain),
        new("message-duplicate", FaultEffect.Duplicate, Anyone, "a message comes twice", AsksAgain),
        new("message-reorder", FaultEffect.Defer, Anyone, "a message is overtaken by those behind it", AsksAgain),
    ];

    public static IReadOnlyDictionary<string, ChaosKind> ByName { get; } =
        All.ToDictionary(static kind => kind.Name, StringComparer.Ordinal);

    /// <summary>The table as lines of text.</summary>
    public static IEnumerable<string> Describe() => All.Select(static kind => $"{kind.Name,-26} {kind.What}\n{"",-26} → {kind.Answer}");

    // Names end with the number of a life, or of a replacement.
    private static string RoleAndNumber(string actor) => string.Join('-', actor.Split('-').Take(2));

    private static bool ShowsCorruption(RunEvent decision, ChaosFault fault, ChaosFired fired) => decision is CorruptionFound;
}
