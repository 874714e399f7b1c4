using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Persistence.Recovery;

/// <summary>A checkpoint in the journal.</summary>
/// <param name="WeightsHash">SHA-256 of its weights.</param>
/// <param name="HealthySince">Updates from which on it has to prove good: its own, or those at the discovery of a fault that may have begun
/// before it.</param>
/// <param name="ProvedAt">Updates at which it was found good; null if not yet.</param>
public sealed record KnownCheckpoint(string WeightsHash, long HealthySince, long? ProvedAt = null);

/// <summary>A run's checkpoints by its decisions: which exist, which were abandoned, and which are good.</summary>
public sealed record CheckpointHistory
{
    public static CheckpointHistory Empty { get; } = new();

    /// <summary>Committed checkpoints that were not abandoned since, by step. The oldest may have been deleted.</summary>
    public ImmutableSortedDictionary<long, KnownCheckpoint> Known { get; init; } = ImmutableSortedDictionary<long, KnownCheckpoint>.Empty;

    [JsonPropertyName("corrections")]
    public ImmutableList<Intervention> Interventions { get; init; } = [];

    /// <summary>Rollbacks: the step that the run returned to, and the one that it had reached.</summary>
    public ImmutableList<(long To, long From)> Returns { get; init; } = [];

    public IEnumerable<KeyValuePair<long, KnownCheckpoint>> Good => Known.Where(static known => known.Value.ProvedAt is not null);

    public static CheckpointHistory Of(IEnumerable<RunEvent> decisions) =>
        decisions.Aggregate(Empty, static (history, decision) => history.Apply(decision));

    public CheckpointHistory Apply(RunEvent decision) => decision switch
    {
        CheckpointCommitted saved => this with { Known = Known.SetItem(saved.Step, new KnownCheckpoint(saved.WeightsHash, saved.Step)) },
        CheckpointProved proved when Known.GetValueOrDefault(proved.Step) is { } known && known.WeightsHash == proved.WeightsHash =>
            this with { Known = Known.SetItem(proved.Step, known with { ProvedAt = proved.ProvedAt }) },
        CourseCorrected corrected => this with { Interventions = Interventions.Add(corrected.Intervention) },
        RunRolledBack back => Forget(back.Step) with { Returns = Returns.Add((back.Step, back.LostStep)) },
        RunRewound rewound => Forget(rewound.Step),
        RunResumed resumed => Forget(resumed.Step),
        SpikeJudged spike => Doubt(spike.Onset, spike.Step),
        CorruptionFound found => Doubt(0, found.Step),
        _ => this,
    };

    /// <summary>Whether a checkpoint was abandoned and must not be resumed from: it lacks an intervention in force before it, or the run
    /// rolled back over its step and has not written it again since.</summary>
    /// <param name="weightsHash">SHA-256 of its weights.</param>
    public bool IsVoid(long step, string weightsHash, RunOverrides overrides)
    {
        return !overrides.Holds(Interventions, step)
            || (Returns.Exists(way => way.To < step && step <= way.From) && Known.GetValueOrDefault(step)?.WeightsHash != weightsHash);
    }

    /// <summary>As the other overload. A checkpoint with unreadable overrides is not void, but damaged.</summary>
    public bool IsVoid(CheckpointManifest manifest)
    {
        try
        {
            return IsVoid(RunOrigin.Of(manifest));
        }
        catch (Models.UserErrorException)
        {
            return false;
        }
    }

    public bool IsVoid(RunOrigin origin) => origin.WeightsHash is { } hash && IsVoid(origin.Step, hash, origin.Overrides);

    /// <summary>Checkpoints not yet marked as good after which training stayed healthy for long enough.</summary>
    /// <param name="proofSteps">Steps within which a fault becomes visible.</param>
    public IEnumerable<KeyValuePair<long, KnownCheckpoint>> Ripe(long step, long proofSteps) =>
        Known.Where(known => known.Value.ProvedAt is null && step >= known.Value.HealthySince + proofSteps);

    private CheckpointHistory Forget(long after) => this with { Known = Known.RemoveRange(Known.Keys.Where(step => step > after)) };

    // A fault that may have begun before a checkpoint delays its proof.
    private CheckpointHistory Doubt(long onset, long at) => this with
    {
        Known = Known.SetItems(Known.Where(known => known.Value.ProvedAt is null && onset <= known.Key)
            .Select(known => KeyValuePair.Create(known.Key, known.Value with { HealthySince = Math.Max(known.Value.HealthySince, at) }))),
    };
}
