using System.Text.Json.Serialization;
using ActorTrain.Models;
using ActorTrain.Persistence.Logs;

namespace ActorTrain.Persistence.Ledger;

/// <summary>Consecutive positions of the sample stream.</summary>
/// <param name="Count">At least 1.</param>
public readonly record struct SampleRange(long First, long Count)
{
    public long End => First + Count;

    /// <summary>Positions as ranges, in reading order.</summary>
    public static EquatableArray<SampleRange> Of(IEnumerable<long> positions)
    {
        var ranges = new List<SampleRange>();
        foreach (var position in positions)
        {
            if (ranges.Count > 0 && ranges[^1].End == position)
                ranges[^1] = ranges[^1] with { Count = ranges[^1].Count + 1 };
            else
                ranges.Add(new SampleRange(position, 1));
        }

        return [.. ranges];
    }

    public override string ToString() => Count == 1 ? $"{First}" : $"{First}–{End - 1}";
}

/// <summary>One line of a run's <c>samples.jsonl</c>: what was read for one committed step.</summary>
/// <param name="Step">From 1.</param>
/// <param name="Loss">Mean cross-entropy of the global batch, in nats per token.</param>
/// <param name="Ranges">Positions of the sample stream, in lane order, as they were read.</param>
public sealed record SampleRow(long Step, double Loss, EquatableArray<SampleRange> Ranges)
{
    public long Count => Ranges.Sum(static range => range.Count);

    /// <summary>How another row of this step shows different bits; null if it does not.</summary>
    public string? DifferenceTo(SampleRow other)
    {
        if (!Ranges.SequenceEqual(other.Ranges))
            return $"positions {string.Join(", ", Ranges)} and {string.Join(", ", other.Ranges)}";
        return Bits.AreEqual(Loss, other.Loss) ? null : $"loss {Loss} and {other.Loss}";
    }
}

/// <summary>A line of the file; a range is written as [first, count].</summary>
internal sealed record SampleLine : LogLine
{
    public double? Loss { get; init; }

    public IReadOnlyList<long[]?>? Positions { get; init; }

    public static SampleLine Of(RowStamp stamp, SampleRow row) => new()
    {
        Time = stamp.Time,
        Branch = stamp.Branch,
        Update = stamp.Update,
        Writer = stamp.Writer,
        Decisions = stamp.Decisions,
        Step = row.Step,
        Loss = row.Loss,
        Positions = [.. row.Ranges.Select(static range => new[] { range.First, range.Count })],
    };

    /// <summary>Null if a part is missing or a range is invalid.</summary>
    public SampleRow? ToRow() =>
        this is { Step: >= 1, Loss: { } loss, Positions: { } pairs } && pairs.All(static pair => pair is [>= 0, >= 1])
        ? new SampleRow(Step, loss, [.. pairs.Select(static pair => new SampleRange(pair![0], pair[1]))])
        : null;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(SampleLine))]
internal sealed partial class SampleJson : JsonSerializerContext;
