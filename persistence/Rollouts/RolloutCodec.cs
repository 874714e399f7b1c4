using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Persistence.Rollouts;

/// <summary>The rollouts of a step as bytes: a line for the step with a hash of the others, then a line for each rollout.</summary>
public static class RolloutCodec
{
    public static byte[] Write(StepRollouts step)
    {
        ArgumentNullException.ThrowIfNull(step);
        using var rows = new MemoryStream();
        foreach (var group in step.Groups)
        {
            foreach (var (sample, scored) in group.Samples.Index())
            {
                JsonSerializer.Serialize(rows, RolloutLine.Of(group, sample, scored), RolloutJson.Default.RolloutLine);
                rows.WriteByte((byte)'\n');
            }
        }

        var content = rows.ToArray();
        var head = JsonSerializer.SerializeToUtf8Bytes(
            new StepLine(
                step.Step, step.Weights.ToString("x16", CultureInfo.InvariantCulture),
                HashOf(step.Weights, step.KlCoefficient, content))
            {
                KlCoefficient = step.KlCoefficient,
            },
            RolloutJson.Default.StepLine);
        return [.. head, (byte)'\n', .. content];
    }

    /// <returns>Null if they are damaged, or of another step.</returns>
    public static StepRollouts? Read(ReadOnlySpan<byte> content, long step)
    {
        try
        {
            var end = content.IndexOf((byte)'\n');
            if (end < 0 || JsonSerializer.Deserialize(content[..end], RolloutJson.Default.StepLine) is not { } head || head.Step != step
                || !ulong.TryParse(head.Weights, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var weights)
                || head.Rollouts != HashOf(weights, head.KlCoefficient, content[(end + 1)..]))
                return null;
            List<RolloutLine> lines = [];
            for (var rest = content[(end + 1)..]; rest.Length > 0; rest = rest[(rest.IndexOf((byte)'\n') + 1)..])
                lines.Add(JsonSerializer.Deserialize(rest[..rest.IndexOf((byte)'\n')], RolloutJson.Default.RolloutLine)!);
            var groups = lines.GroupBy(static line => line.Position).ToList();
            return groups.TrueForAll(static group => group.Index().All(static line => line.Item.Sample == line.Index))
                ? new StepRollouts(step, weights, [.. groups.Select(static group => new RolloutGroup(
                    group.Key, group.First().Prompt, [.. group.Select(static line => line.ToScored())]))])
                {
                    KlCoefficient = head.KlCoefficient,
                }
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string HashOf(ulong weights, double? klCoefficient, ReadOnlySpan<byte> content) => XxHash3.HashToUInt64(
        content, unchecked((long)(weights ^ (klCoefficient is { } one ? BitConverter.DoubleToUInt64Bits(one) : 0))))
        .ToString("x16", CultureInfo.InvariantCulture);
}

/// <param name="Weights">Hash of the state that sampled, 16 hexadecimal digits.</param>
/// <param name="Rollouts">XXH3 of the lines that follow, seeded with the weights' hash and the bits of the KL coefficient, 16 hexadecimal
/// digits.</param>
internal sealed record StepLine(long Step, string Weights, string Rollouts)
{
    /// <summary>Absent where it is fixed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? KlCoefficient { get; init; }
}

internal sealed record RolloutLine(
    long Position, int Sample, EquatableArray<int> Prompt, EquatableArray<int> Ids, EquatableArray<float> LogProbabilities, bool Ended,
    double? Reward, EquatableArray<double?> Parts, EquatableArray<float> Reference)
{
    /// <summary>Not in files of versions without a critic.</summary>
    public EquatableArray<float> Values { get; init; } = [];

    public static RolloutLine Of(RolloutGroup group, int sample, ScoredRollout scored) => new(
        group.Position, sample, group.Prompt, scored.Rollout.Ids, scored.Rollout.LogProbabilities, scored.Rollout.HasEnded,
        scored.Score.Total, scored.Score.Parts, scored.Reference) { Values = scored.Values };

    public ScoredRollout ToScored() =>
        new(new Rollout(Ids, LogProbabilities, Ended), new RolloutScore(Reward, Parts), Reference) { Values = Values };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(StepLine))]
[JsonSerializable(typeof(RolloutLine))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(float))]
[JsonSerializable(typeof(double?))]
internal sealed partial class RolloutJson : JsonSerializerContext;
