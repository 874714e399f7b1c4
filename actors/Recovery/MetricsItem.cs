using System.Text.Json.Serialization;
using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Recovery;

/// <summary>One entry of the stream to the publisher of metrics.</summary>
/// <param name="Measurement">What was measured; null: later steps are taken again.</param>
/// <param name="Step">Updates so far.</param>
public sealed record MetricsItem(Measurement? Measurement, long Step)
{
    /// <summary>Why later steps are taken again, in one sentence.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    /// <summary>The command that carries it under its number.</summary>
    public MetricsCommand At(long number) =>
        Measurement is null ? new Rewind(number, Step) { Reason = Reason ?? "" } : new Publish(number, Measurement);
}
