using System.Collections.Immutable;
using ActorTrain.Models.Plan;

namespace ActorTrain.Persistence.Journal;

/// <summary>How a run came to its end, or to the end of one process's part of it.</summary>
/// <param name="IsFinished">Whether its last step was taken; else it can continue.</param>
/// <param name="Text">Hash of the weights it ends with, or on whose behalf it was stopped.</param>
public sealed record JournalEnding(bool IsFinished, long Step, string Text);

/// <summary>What happened to an actor.</summary>
public sealed record ActorFaults(int Count, string Reason);

/// <summary>A run as its decisions tell it: the same decisions in the same order always give an equal state.</summary>
public sealed record JournalState
{
    public static JournalState Empty { get; } = new();

    public long Decisions { get; init; }

    /// <summary>SHA-256 of what the result depends on; null before the run began.</summary>
    public string? ConfigurationHash { get; init; }

    /// <summary>Updates in all, extensions included.</summary>
    public long Steps { get; init; }

    public int Lanes { get; init; }

    /// <summary>Updates at the last decision.</summary>
    public long Step { get; init; }

    public int Trainers { get; init; }

    public long Generation { get; init; }

    /// <summary>Trainers that take part, by name.</summary>
    public ImmutableSortedSet<ActorId> Members { get; init; } = ImmutableSortedSet.Create(ActorId.Order);

    /// <summary>Vetoes that hold: positions of the sample stream that are skipped, and the updates there were when that was
    /// decided.</summary>
    public ImmutableList<(long Step, SkippedRange Range)> Vetoed { get; init; } = [];

    /// <summary>Interventions, of the run itself or of operators, in the order of their numbers. A rollback does not undo them.</summary>
    public ImmutableList<Intervention> Interventions { get; init; } = [];

    /// <summary>Numbers of the trainers that take no part until they are released.</summary>
    public ImmutableSortedSet<int> Quarantined { get; init; } = [];

    /// <summary>Whether an operator has paused the run.</summary>
    public bool IsPaused { get; init; }

    /// <summary>Checkpoints, by step, that proved good.</summary>
    public ImmutableSortedSet<long> Proved { get; init; } = [];

    /// <summary>Steps from one checkpoint to the next as chosen by the run; null before it chose.</summary>
    public long? SaveInterval { get; init; }

    public int Spikes { get; init; }

    /// <summary>How often bits were found corrupt.</summary>
    public int Corruptions { get; init; }

    /// <summary>How often all trainers rolled back to an earlier state.</summary>
    public int Rollbacks { get; init; }

    /// <summary>Checkpoints that were committed and not given up since, by step: hashes of their weights. The oldest may have been
    /// deleted.</summary>
    public ImmutableSortedDictionary<long, string> Checkpoints { get; init; } = ImmutableSortedDictionary<long, string>.Empty;

    /// <summary>Actors that failed or left, by name; a trainer's lives count together.</summary>
    public ImmutableSortedDictionary<ActorId, ActorFaults> Faults { get; init; } =
        ImmutableSortedDictionary.Create<ActorId, ActorFaults>(ActorId.Order);

    /// <summary>Updates that were not applied.</summary>
    public int Vetoes { get; init; }

    /// <summary>How often the run rolled back because no trainer had the newest state.</summary>
    public int Rewinds { get; init; }

    /// <summary>How often a process or supervisor took it up again.</summary>
    public int Resumes { get; init; }

    /// <summary>How it ended, or null while it is running or where its process died.</summary>
    public JournalEnding? Ending { get; init; }

    /// <summary>Positions of the sample stream that are skipped.</summary>
    public SkipList Skips =>
        SkipList.Of(Vetoed.Select(static veto => veto.Range)).Joined(Interventions.SelectMany(static intervention => intervention.Skipped));

    /// <summary>Step of the newest checkpoint, or null.</summary>
    public long? NewestCheckpoint => Checkpoints.IsEmpty ? null : Checkpoints.Keys.Last();

    /// <summary>The state that many decisions lead to.</summary>
    public static JournalState Of(IEnumerable<RunEvent> decisions) =>
        decisions.Aggregate(Empty, static (state, decision) => state.Apply(decision));

    /// <summary>The state after one more decision.</summary>
    public JournalState Apply(RunEvent decision)
    {
        var next = this with { Decisions = Decisions + 1, Step = decision.Step };
        return decision switch
        {
            RunStarted started => next with
            {
                ConfigurationHash = started.ConfigurationHash,

                // What a process that was killed had decided may land before it.
                Steps = Math.Max(Steps, started.Steps),
                Lanes = started.Lanes,
                Trainers = started.Trainers,
            },
            RunResumed resumed => next.GoBack(resumed.Step) with
            { Resumes = Resumes + 1, Trainers = resumed.Trainers, Members = Members.Clear(), Ending = null },
            TrainerJoined joined => next with { Members = Members.Add(joined.Trainer), Generation = joined.Generation },
            TrainerLeft left => next.Note(left.Trainer with { Life = 1 }, left.Reason) with
            { Members = Members.Remove(left.Trainer), Generation = left.Generation },
            TrainersScaled scaled => next with { Trainers = scaled.Trainers },
            RunRewound rewound => next.GoBack(rewound.Step) with { Rewinds = Rewinds + 1 },
            ActorRestarted restarted => next.Note(restarted.Actor, restarted.Reason),

            SpikeJudged => next with { Spikes = Spikes + 1 },
            RunExtended { Intervention: var extension } =>
                next with { Interventions = Interventions.Add(extension), Steps = extension.Steps ?? Steps, Ending = null },
            CourseCorrected corrected => next with { Interventions = Interventions.Add(corrected.Intervention) },
            RunRolledBack back => next.GoBack(back.Step) with { Rollbacks = Rollbacks + 1 },
            CorruptionFound => next with { Corruptions = Corruptions + 1 },
            TrainerQuarantined quarantined => next with { Quarantined = Quarantined.Add(quarantined.Trainer) },
            TrainerReleased released => next with { Quarantined = Quarantined.Remove(released.Trainer) },
            RunPaused => next with { IsPaused = true },
            RunContinued => next with { IsPaused = false },
            CheckpointProved proved => next with { Proved = Proved.Add(proved.Step) },
            SaveIntervalChosen chosen => next with { SaveInterval = chosen.Every },
            BatchVetoed vetoed => next.Skip(vetoed) with { Vetoes = Vetoes + 1 },
            CheckpointCommitted committed => next with
            {
                Proved = Proved.Remove(committed.Step),
                Checkpoints = Checkpoints.SetItem(committed.Step, committed.WeightsHash)
            },
            RunStopped stopped => next with { Ending = new JournalEnding(false, stopped.Step, stopped.Reason) },
            RunFinished finished => next with { Ending = new JournalEnding(true, finished.Step, finished.WeightsHash) },
            _ => next,
        };
    }

    public bool Equals(JournalState? other) =>
        other is not null
        && (Decisions, ConfigurationHash, Steps, Lanes, Step, Trainers) == (other.Decisions, other.ConfigurationHash, other.Steps,
            other.Lanes, other.Step, other.Trainers)
        && (Generation, Vetoes, Rewinds, Resumes, Ending) == (other.Generation, other.Vetoes, other.Rewinds, other.Resumes, other.Ending)
        && (IsPaused, SaveInterval, Spikes, Corruptions, Rollbacks) == (other.IsPaused, other.SaveInterval, other.Spikes, other.Corruptions,
            other.Rollbacks)
        && Interventions.SequenceEqual(other.Interventions) && Quarantined.SetEquals(other.Quarantined) && Proved.SetEquals(other.Proved)
        && Vetoed.SequenceEqual(other.Vetoed) && Members.SequenceEqual(other.Members)
        && Checkpoints.SequenceEqual(other.Checkpoints) && Faults.SequenceEqual(other.Faults);

    public override int GetHashCode() => HashCode.Combine(Decisions, ConfigurationHash, Step, Generation, Members.Count, Checkpoints.Count);

    public override string ToString() =>
        $"{Decisions} decisions, step {Step} of {Steps}, generation {Generation} [{string.Join(' ', Members)}] of {Trainers} trainers, "
        + $"{Vetoes} vetoes, {Rewinds} rewinds, {Rollbacks} rollbacks, {Spikes} spikes, {Corruptions} corruptions, {Resumes} resumes, "
        + $"checkpoints [{string.Join(' ', Checkpoints.Keys)}], skips "
            + $"[{string.Join(' ', Skips.Ranges.Select(static range => $"{range.First}+{range.Count}"))}], "
        + $"interventions [{string.Join(' ', Interventions.Select(static intervention => intervention.Number))}], quarantined "
            + $"[{string.Join(' ', Quarantined)}], "
        + $"faults [{string.Join(' ', Faults.Select(static pair => $"{pair.Key}:{pair.Value.Count}"))}], ending "
            + $"{Ending?.ToString() ?? "none"}";

    /// <summary>Later steps are taken again: their checkpoints are thrown away, and their vetoes decided again.</summary>
    private JournalState GoBack(long step) => this with
    {
        Checkpoints = Checkpoints.RemoveRange(Checkpoints.Keys.Where(later => later > step)),
        Proved = Proved.Except(Proved.Where(later => later > step)),
        Vetoed = Vetoed.RemoveAll(veto => veto.Step > step),
    };

    // A veto of the very step that the run rolled back to may stand in the list already.
    private JournalState Skip(BatchVetoed vetoed) => this with
    {
        Vetoed = Vetoed.AddRange(vetoed.Skipped.Where(range => !Vetoed.Any(veto => veto.Range.First < range.End
            && range.First < veto.Range.End)).Select(range => (vetoed.Step, range))),
    };

    private JournalState Note(ActorId actor, string reason) => this with
    {
        Faults = Faults.SetItem(actor, new ActorFaults((Faults.GetValueOrDefault(actor)?.Count ?? 0) + 1, reason)),
    };
}
