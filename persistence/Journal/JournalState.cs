using System.Collections.Immutable;
using ActorTrain.Models.Plan;

namespace ActorTrain.Persistence.Journal;

/// <summary>The end of a run, or of one process's part of it.</summary>
/// <param name="IsFinished">Whether its last step was taken; else it can be resumed.</param>
/// <param name="Text">Hash of the final weights, or who stopped it.</param>
public sealed record JournalEnding(bool IsFinished, long Step, string Text);

public sealed record ActorFaults(int Count, string Reason);

/// <summary>The state of a run as a pure function of its decisions.</summary>
public sealed record JournalState
{
    public static JournalState Empty { get; } = new();

    public long Decisions { get; init; }

    /// <summary>SHA-256 of the options that determine the result; null before the run began.</summary>
    public string? ConfigurationHash { get; init; }

    /// <summary>Updates in all, extensions included.</summary>
    public long Steps { get; init; }

    public int Lanes { get; init; }

    /// <summary>Updates at the last decision.</summary>
    public long Step { get; init; }

    public int Trainers { get; init; }

    public long Generation { get; init; }

    public ImmutableSortedSet<ActorId> Members { get; init; } = ImmutableSortedSet.Create(ActorId.Order);

    /// <summary>Vetoes in force: the updates at the decision, and the skipped positions of the sample stream.</summary>
    public ImmutableList<(long Step, SkippedRange Range)> Vetoed { get; init; } = [];

    /// <summary>Automatic and by operators, in the order of their numbers. A rollback does not undo them.</summary>
    public ImmutableList<Intervention> Interventions { get; init; } = [];

    public ImmutableSortedSet<int> Quarantined { get; init; } = [];

    public bool IsPaused { get; init; }

    /// <summary>Steps of checkpoints found good.</summary>
    public ImmutableSortedSet<long> Proved { get; init; } = [];

    /// <summary>Steps between checkpoints as chosen by the run; null before its first choice.</summary>
    public long? SaveInterval { get; init; }

    public int Spikes { get; init; }

    public int Corruptions { get; init; }

    public int Rollbacks { get; init; }

    /// <summary>Hashes of the weights of committed checkpoints that were not abandoned since, by step. The oldest may have been
    /// deleted.</summary>
    public ImmutableSortedDictionary<long, string> Checkpoints { get; init; } = ImmutableSortedDictionary<long, string>.Empty;

    /// <summary>Actors that failed or left; a trainer's lives count together.</summary>
    public ImmutableSortedDictionary<ActorId, ActorFaults> Faults { get; init; } =
        ImmutableSortedDictionary.Create<ActorId, ActorFaults>(ActorId.Order);

    /// <summary>Updates that were not applied.</summary>
    public int Vetoes { get; init; }

    /// <summary>How often the run rolled back because no trainer had the newest state.</summary>
    public int Rewinds { get; init; }

    /// <summary>How often a process or supervisor resumed it.</summary>
    public int Resumes { get; init; }

    /// <summary>Null while the run is running, or if its process died.</summary>
    public JournalEnding? Ending { get; init; }

    public SkipList Skips =>
        SkipList.Of(Vetoed.Select(static veto => veto.Range)).Joined(Interventions.SelectMany(static intervention => intervention.Skipped));

    public long? NewestCheckpoint => Checkpoints.IsEmpty ? null : Checkpoints.Keys.Last();

    public static JournalState Of(IEnumerable<RunEvent> decisions) =>
        decisions.Aggregate(Empty, static (state, decision) => state.Apply(decision));

    public JournalState Apply(RunEvent decision)
    {
        var next = this with { Decisions = Decisions + 1, Step = decision.Step };
        return decision switch
        {
            RunStarted started => next with
            {
                ConfigurationHash = started.ConfigurationHash,

                // A decision of a killed process may land before it.
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

    /// <summary>Later steps are redone: drops their checkpoints and their vetoes, which are decided again.</summary>
    private JournalState GoBack(long step) => this with
    {
        Checkpoints = Checkpoints.RemoveRange(Checkpoints.Keys.Where(later => later > step)),
        Proved = Proved.Except(Proved.Where(later => later > step)),
        Vetoed = Vetoed.RemoveAll(veto => veto.Step > step),
    };

    // A veto of the rollback's own step may be in the list already.
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
