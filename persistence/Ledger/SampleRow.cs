using System.Text.Json.Serialization;

namespace ActorTrain.Persistence.Ledger;

/// <summary>Consecutive positions of the sample stream.</summary>
/// <param name="First">The first.</param>
/// <param name="Count">How many, at least 1.</param>
public readonly record struct SampleRange(long First, long Count)
{
    /// <summary>The position after the last one.</summary>
    public long End => First + Count;

    /// <summary>Positions as ranges, in the order in which they were read.</summary>
    public static IReadOnlyList<SampleRange> Of(IEnumerable<long> positions)
    {
        ArgumentNullException.ThrowIfNull(positions);
        var ranges = new List<SampleRange>();
        foreach (var position in positions)
        {
            if (ranges.Count > 0 && ranges[^1].End == position)
                ranges[^1] = ranges[^1] with { Count = ranges[^1].Count + 1 };
            else
                ranges.Add(new SampleRange(position, 1));
        }

        return ranges;
    }

    /// <inheritdoc/>
    public override string ToString() => Count == 1 ? $"{First}" : $"{First}–{End - 1}";
}

/// <summary>One line of a run's <c>samples.jsonl</c>: what the trainers read for one committed step.</summary>
/// <param name="Step">The step, from 1.</param>
/// <param name="Loss">Mean cross-entropy of the global batch, in nats per token.</param>
/// <param name="Ranges">Positions of the sample stream, lane after lane, in the order in which they were read.</param>
public sealed record SampleRow(long Step, double Loss, IReadOnlyList<SampleRange> Ranges)
{
    /// <summary>Samples read.</summary>
    public long Count => Ranges.Sum(static range => range.Count);

    /// <inheritdoc/>
    public bool Equals(SampleRow? other) => other is not null && Step == other.Step && Loss.Equals(other.Loss) && Ranges.SequenceEqual(other.Ranges);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Step, Loss, Ranges.Count);
}

/// <summary>A line as it stands in the file; a range is written as [first, count].</summary>
internal sealed record SampleLine(long Step, double Loss, IReadOnlyList<long[]> Positions)
{
    public static SampleLine Of(SampleRow row) => new(row.Step, row.Loss, [.. row.Ranges.Select(static range => new[] { range.First, range.Count })]);

    /// <summary>The row, or null when a range is none.</summary>
    public SampleRow? ToRow() => Step >= 1 && Positions.All(static pair => pair is [>= 0, >= 1])
        ? new SampleRow(Step, Loss, [.. Positions.Select(static pair => new SampleRange(pair[0], pair[1]))])
        : null;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SampleLine))]
internal sealed partial class SampleJson : JsonSerializerContext;
