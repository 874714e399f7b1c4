using System.Text.Json.Serialization;

namespace ActorTrain.Persistence.Journal;

/// <summary>Where a state is kept.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<StateKind>))]
public enum StateKind
{
    /// <summary>Nowhere: the first weights are computed from the seed.</summary>
    [JsonStringEnumMemberName("seed")]
    Seed,

    [JsonStringEnumMemberName("checkpoint")]
    Checkpoint,

    [JsonStringEnumMemberName("snapshot")]
    Snapshot,
}

/// <summary>The answers to a spike, from the mildest to the sharpest.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Rung>))]
public enum Rung
{
    [JsonStringEnumMemberName("accept")]
    Accept,

    /// <summary>Apply it with a smaller gradient.</summary>
    [JsonStringEnumMemberName("clip")]
    Clip,

    /// <summary>Do not apply it, and leave its batch out.</summary>
    [JsonStringEnumMemberName("veto")]
    Veto,

    /// <summary>Go back to before the onset, and leave the batches since out.</summary>
    [JsonStringEnumMemberName("roll back")]
    RollBack,

    /// <summary>Go back, leave the batches out, and continue with a lower learning rate.</summary>
    [JsonStringEnumMemberName("lower rate")]
    LowerRate,

    /// <summary>End the run with a report.</summary>
    [JsonStringEnumMemberName("halt")]
    Halt,
}

/// <summary>Why there was a spike.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SpikeCause>))]
public enum SpikeCause
{
    /// <summary>Its batch spikes on earlier weights too.</summary>
    [JsonStringEnumMemberName("data")]
    Data,

    /// <summary>It does not.</summary>
    [JsonStringEnumMemberName("data and state")]
    DataAndState,

    [JsonStringEnumMemberName("hardware")]
    Hardware,
}
