using System.Text.Json;
using ActorTrain.Models;

namespace ActorTrain.Persistence.HuggingFace;

/// <summary>Reads and writes the rotary frequencies of a <c>config.json</c> as transformers' modeling_rope_utils.py understands
/// them.</summary>
internal static class HuggingFaceRope
{
    private const string ThetaKey = "rope_theta", ScalingKey = "rope_scaling", ParametersKey = "rope_parameters", TypeKey = "rope_type",
        OlderTypeKey = "type", OriginalKey = "original_max_position_embeddings", PlainType = "default";

    private const string Below = nameof(ModelOptions.RopeScaling) + ".";

    // What transformers does not read; published with models of YaRN.
    private static readonly HashSet<string> Neutral = ["finetuned"];

    private static readonly (RopeScalingType Type, string Word)[] Types =
    [
        (RopeScalingType.None, PlainType), (RopeScalingType.Linear, "linear"), (RopeScalingType.Llama3, "llama3"),
        (RopeScalingType.Yarn, "yarn"),
    ];

    /// <summary>The base of the frequencies and their scaling, from <c>rope_parameters</c>, <c>rope_scaling</c> or both.</summary>
    /// <exception cref="UserErrorException">They contradict each other, or are of a kind that cannot be computed.</exception>
    public static (double Theta, RopeScaling Scaling) Read(ConfigReader config, int context)
    {
        double? theta = config.Has(ThetaKey) ? config.Number(ThetaKey, 0) : null;
        RopeScaling? scaling = null;
        foreach (var key in (string[])[ParametersKey, ScalingKey])
        {
            if (config.Inner(key) is not { } rope)
                continue;
            rope.RequireNumber("partial_rotary_factor", 1);
            if (theta is { } given)
                rope.RequireNumber(ThetaKey, given);
            else if (rope.Has(ThetaKey))
                theta = rope.Number(ThetaKey, 0);
            var found = ReadScaling(rope, config, context);
            rope.RefuseTheRest(found.Type is RopeScalingType.Yarn ? Neutral : []);
            if (scaling is { } other && other != found)
                throw config.Contradiction(ParametersKey, ScalingKey);
            scaling = found;
        }

        return (theta ?? 10_000, scaling ?? default);
    }

    public static void Write(Utf8JsonWriter json, ModelOptions options)
    {
        var scaling = options.RopeScaling;
        if (scaling.Type is RopeScalingType.None)
            json.WriteNull(ScalingKey);
        else
        {
            json.WriteStartObject(ScalingKey);
            json.WriteString(TypeKey, Types.First(type => type.Type == scaling.Type).Word);
            foreach (var (key, value) in (ReadOnlySpan<(string, double?)>)
                     [
                         ("factor", scaling.Factor), ("low_freq_factor", scaling.LowFrequencyFactor),
                         ("high_freq_factor", scaling.HighFrequencyFactor), ("beta_fast", scaling.BetaFast),
                         ("beta_slow", scaling.BetaSlow), ("attention_factor", scaling.AttentionFactor),
                     ])
            {
                // transformers expects a fraction, even of whole numbers.
                if (value is { } number)
                {
                    json.WritePropertyName(key);
                    json.WriteRawValue(number == Math.Floor(number) && number < 1e15 ? $"{number:F1}" : $"{number:R}");
                }
            }

            if (scaling.OriginalContext is { } original)
                json.WriteNumber(OriginalKey, original);
            if (scaling.Truncate is { } truncate)
                json.WriteBoolean("truncate", truncate);
            json.WriteEndObject();
        }

        json.WriteNumber(ThetaKey, options.RopeTheta);
    }

    /// <summary>Where a property of the options is in a config.</summary>
    public static string KeyOf(string property) => property switch
    {
        nameof(ModelOptions.RopeTheta) => ThetaKey,
        Below + nameof(RopeScaling.Type) => $"{ScalingKey}.{TypeKey}",
        Below + nameof(RopeScaling.Factor) => $"{ScalingKey}.factor",
        Below + nameof(RopeScaling.OriginalContext) => $"{ScalingKey}.{OriginalKey}",
        Below + nameof(RopeScaling.LowFrequencyFactor) => $"{ScalingKey}.low_freq_factor",
        Below + nameof(RopeScaling.HighFrequencyFactor) => $"{ScalingKey}.high_freq_factor",
        Below + nameof(RopeScaling.BetaFast) => $"{ScalingKey}.beta_fast",
        Below + nameof(RopeScaling.BetaSlow) => $"{ScalingKey}.beta_slow",
        Below + nameof(RopeScaling.AttentionFactor) => $"{ScalingKey}.attention_factor",
        _ => property,
    };

    private static RopeScaling ReadScaling(ConfigReader rope, ConfigReader config, int context)
    {
        string[] words = [.. Types.Select(static type => type.Word)];
        rope.Require(TypeKey, words);
        rope.Require(OlderTypeKey, words);
        var word = rope.Text(TypeKey, rope.Text(OlderTypeKey, PlainType));
        rope.RequireEqual(OlderTypeKey, TypeKey, word);
        var type = Types.First(type => type.Word == word).Type;
        return type switch
        {
            RopeScalingType.None => default,
            RopeScalingType.Linear => new RopeScaling { Type = type, Factor = Needed("factor") },
            RopeScalingType.Llama3 => new RopeScaling
            {
                Type = type,
                Factor = Needed("factor"),
                OriginalContext = Original(null),
                LowFrequencyFactor = Needed("low_freq_factor"),
                HighFrequencyFactor = Needed("high_freq_factor"),
            },
            _ => Yarn(Needed("factor"), Original(context)),
        };

        RopeScaling Yarn(double factor, int original)
        {
            var (scale, scaleOfAll) = (rope.Number("mscale", 0), rope.Number("mscale_all_dim", 0));
            var attention = scale == 0 || scaleOfAll == 0 ? RopeScaling.AttentionFactorOf(factor)
                : RopeScaling.AttentionFactorOf(factor, scale) / RopeScaling.AttentionFactorOf(factor, scaleOfAll);
            return new RopeScaling
            {
                Type = type,
                Factor = factor,
                OriginalContext = original,
                BetaFast = Optional("beta_fast"),
                BetaSlow = Optional("beta_slow"),
                Truncate = rope.Flag("truncate", true),
                AttentionFactor = Optional("attention_factor") ?? attention,
            }.Complete();
        }

        double? Optional(string key) => rope.Has(key) ? rope.Number(key, 0) : null;

        double Needed(string key)
        {
            rope.RequireKey(key, $"{TypeKey} {word}");
            return rope.Number(key, 0);
        }

        // Outside the object it has precedence in transformers.
        int Original(int? missing)
        {
            if (config.Has(OriginalKey))
            {
                var outside = config.Whole(OriginalKey, 0);
                rope.RequireEqual(OriginalKey, $"{OriginalKey} outside of it", outside);
                return outside;
            }

            if (missing is null)
                rope.RequireKey(OriginalKey, $"{TypeKey} {word}");
            return rope.Whole(OriginalKey, missing ?? 0);
        }
    }
}
