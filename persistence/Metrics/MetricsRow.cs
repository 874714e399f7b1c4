using System.Text.Json.Serialization;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Logs;

namespace ActorTrain.Persistence.Metrics;

/// <summary>One line of a run's <c>metrics.jsonl</c>.</summary>
/// <param name="Step">From 1.</param>
public abstract record MetricsRow(long Step);

/// <param name="Step">From 1.</param>
/// <param name="Loss">Mean cross-entropy of the global batch, in nats per token.</param>
/// <param name="GradientNorm">Global norm of the gradient before clipping.</param>
/// <param name="Tokens">Tokens trained on so far.</param>
public sealed record StepMetrics(
    long Step,
    double Loss,
    double GradientNorm,
    double LearningRate,
    long Tokens,
    double Seconds,
    double TokensPerSecond,
    double MfuPercent)
    : MetricsRow(Step)
{
    /// <summary>Largest mean loss of a lane; null if unknown.</summary>
    public double? LaneLoss { get; init; }

    /// <summary>Norm of the embedding's gradient; null if not measured.</summary>
    public double? EmbeddingNorm { get; init; }

    /// <summary>Largest gradient norm of a block; null if not measured.</summary>
    public double? BlockNorm { get; init; }

    /// <summary>Norm of the previewed update, without changes by rules and operators; null if not previewed.</summary>
    public double? UpdateNorm { get; init; }

    /// <summary>Figures of the rollouts that it was trained on; null without rollouts.</summary>
    public RolloutSummary? Rollouts { get; init; }

    /// <summary>How far the policy has moved from the one that sampled them; null without rollouts.</summary>
    public PolicyFigures? Policy { get; init; }

    /// <summary>How another row of this step shows different bits; null if it does not. Time, speed, and what one of them did not measure
    /// may differ.</summary>
    public string? DifferenceTo(StepMetrics other)
    {
        (string Name, double? Was, double? Is)[] figures =
        [
            ("loss", Loss, other.Loss),
            ("gradient_norm", GradientNorm, other.GradientNorm),
            ("lane_loss", LaneLoss, other.LaneLoss),
            ("embedding_norm", EmbeddingNorm, other.EmbeddingNorm),
            ("block_norm", BlockNorm, other.BlockNorm),
            ("update_norm", UpdateNorm, other.UpdateNorm),
            ("learning_rate", LearningRate, other.LearningRate),
            ("tokens", Tokens, other.Tokens),
            ("reward", Rollouts?.Reward, other.Rollouts?.Reward),
            ("entropy", Rollouts?.Entropy, other.Rollouts?.Entropy),
            ("ratio", Policy?.Ratio, other.Policy?.Ratio),
            ("value_loss", Rollouts?.ValueLoss, other.Rollouts?.ValueLoss),
        ];
        var unequal = figures.Where(static figure => figure is { Was: { } was, Is: { } now } && !Bits.AreEqual(was, now))
            .Select(static figure => $"{figure.Name} {figure.Was} and {figure.Is}");
        return string.Join(", ", unequal) is { Length: > 0 } difference ? difference : null;
    }
}

public sealed record EvaluationMetrics(long Step, double ValidationLoss, double Perplexity, double BitsPerByte) : MetricsRow(Step)
{
    /// <summary>Of preference pairs; null for text.</summary>
    public double? Accuracy { get; init; }
}

internal sealed record MetricsLine : LogLine
{
    public double? Loss { get; init; }

    public double? GradientNorm { get; init; }

    public double? LaneLoss { get; init; }

    public double? EmbeddingNorm { get; init; }

    public double? BlockNorm { get; init; }

    public double? UpdateNorm { get; init; }

    public RolloutSummary? Rollouts { get; init; }

    public PolicyFigures? Policy { get; init; }

    public double? LearningRate { get; init; }

    public long? Tokens { get; init; }

    public double? Seconds { get; init; }

    public double? TokensPerSecond { get; init; }

    [JsonPropertyName("gemm_percent")]
    public double? MfuPercent { get; init; }

    [JsonPropertyName("held_out_loss")]
    public double? ValidationLoss { get; init; }

    public double? Perplexity { get; init; }

    public double? BitsPerByte { get; init; }

    public double? Accuracy { get; init; }

    public static MetricsLine Of(RowStamp stamp, MetricsRow row) => row switch
    {
        StepMetrics step => new MetricsLine
        {
            Time = stamp.Time,
            Branch = stamp.Branch,
            Update = stamp.Update,
            Writer = stamp.Writer,
            Decisions = stamp.Decisions,
            Step = step.Step,
            Loss = step.Loss,
            GradientNorm = step.GradientNorm,
            LaneLoss = step.LaneLoss,
            EmbeddingNorm = step.EmbeddingNorm,
            BlockNorm = step.BlockNorm,
            UpdateNorm = step.UpdateNorm,
            Rollouts = step.Rollouts,
            Policy = step.Policy,
            LearningRate = step.LearningRate,
            Tokens = step.Tokens,
            Seconds = step.Seconds,
            TokensPerSecond = step.TokensPerSecond,
            MfuPercent = step.MfuPercent,
        },
        EvaluationMetrics evaluation => new MetricsLine
        {
            Time = stamp.Time,
            Branch = stamp.Branch,
            Update = stamp.Update,
            Writer = stamp.Writer,
            Decisions = stamp.Decisions,
            Step = evaluation.Step,
            ValidationLoss = evaluation.ValidationLoss,
            Perplexity = evaluation.Perplexity,
            BitsPerByte = evaluation.BitsPerByte,
            Accuracy = evaluation.Accuracy,
        },
        _ => throw new ArgumentException($"{row.GetType().Name} has no metrics format.", nameof(row)),
    };

    /// <summary>Null if the line is of neither kind.</summary>
    public MetricsRow? ToRow() => this switch
    {
        { Loss: { } loss, GradientNorm: { } norm, LearningRate: { } rate, Tokens: { } tokens } and
        { Seconds: { } seconds, TokensPerSecond: { } speed, MfuPercent: { } mfu } =>
            new StepMetrics(Step, loss, norm, rate, tokens, seconds, speed, mfu)
            {
                LaneLoss = LaneLoss,
                EmbeddingNorm = EmbeddingNorm,
                BlockNorm = BlockNorm,
                UpdateNorm = UpdateNorm,
                Rollouts = Rollouts,
                Policy = Policy,
            },
        { ValidationLoss: { } loss, Perplexity: { } perplexity, BitsPerByte: { } bits } =>
            new EvaluationMetrics(Step, loss, perplexity, bits) { Accuracy = Accuracy },
        _ => null,
    };
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(MetricsLine))]
[JsonSerializable(typeof(double))]
internal sealed partial class MetricsJson : JsonSerializerContext;
