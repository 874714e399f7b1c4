using System.Text.Json.Serialization;
using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Recovery;

/// <summary>One entry of the stream to the metrics publisher.</summary>
/// <param name="Measurement">Null for a rewind.</param>
/// <param name="Step">Updates so far.</param>
public sealed record MetricsItem(Measurement? Measurement, long Step)
{
    /// <summary>Why later steps are redone, in one sentence.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    public MetricsCommand At(long number) =>
        Measurement is null ? new Rewind(number, Step) { Reason = Reason ?? "" } : new Publish(number, Measurement);
}
