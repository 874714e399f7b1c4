using System.Text.Json.Serialization;

namespace ActorTrain.Persistence.Journal;

[JsonConverter(typeof(JsonStringEnumConverter<StateKind>))]
public enum StateKind
{
    /// <summary>The initial weights, computed from the seed.</summary>
    [JsonStringEnumMemberName("seed")]
    Seed,

    [JsonStringEnumMemberName("checkpoint")]
    Checkpoint,

    [JsonStringEnumMemberName("snapshot")]
    Snapshot,
}

/// <summary>The responses to a spike, from mildest to most severe.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Rung>))]
public enum Rung
{
    [JsonStringEnumMemberName("accept")]
    Accept,

    /// <summary>Apply the update with a smaller gradient.</summary>
    [JsonStringEnumMemberName("clip")]
    Clip,

    /// <summary>Do not apply the update, and skip its batch.</summary>
    [JsonStringEnumMemberName("veto")]
    Veto,

    /// <summary>Roll back to before the onset, and skip the batches since.</summary>
    [JsonStringEnumMemberName("roll back")]
    RollBack,

    /// <summary>Roll back, skip the batches, and continue with a lower learning rate.</summary>
    [JsonStringEnumMemberName("lower rate")]
    LowerRate,

    [JsonStringEnumMemberName("halt")]
    Halt,
}

[JsonConverter(typeof(JsonStringEnumConverter<SpikeCause>))]
public enum SpikeCause
{
    /// <summary>The batch spikes on earlier weights too.</summary>
    [JsonStringEnumMemberName("data")]
    Data,

    /// <summary>The batch does not spike on earlier weights.</summary>
    [JsonStringEnumMemberName("data and state")]
    DataAndState,

    [JsonStringEnumMemberName("hardware")]
    Hardware,
}
