using ActorTrain.Models.Options;

namespace ActorTrain.Models;

public enum RopeScalingType
{
    None,

    /// <summary>Every frequency is divided by the factor: position interpolation (Chen et al. 2023).</summary>
    Linear,

    /// <summary>Frequencies are divided by the factor if their wavelength is long, as in Llama 3.1 (Dubey et al. 2024).</summary>
    Llama3,

    /// <summary>Frequencies are divided by the factor if their pairs turn few times in the original context; cosines and sines are
    /// multiplied (Peng et al. 2023).</summary>
    Yarn,
}

/// <summary>How rotary frequencies are scaled for texts longer than those that a model was first trained on.</summary>
/// <remarks>A struct whose default is no scaling, so that the JSON of a model without it can omit it. A value that the type does not use is
/// null.</remarks>
public readonly record struct RopeScaling : IOptions
{
    [Option("scaling of the rotary frequencies to a longer context; llama only", Key = "scaling")]
    public RopeScalingType Type { get; init; }

    [Option("factor by which {Type} extends the context", Min = 1, Null = "none")]
    public double? Factor { get; init; }

    [Option("context before it was extended; for llama3 and yarn", Min = 1, Max = 1 << 20, Null = "none")]
    public int? OriginalContext { get; init; }

    [Option("llama3: pairs that turn at most so many times in {OriginalContext} are scaled by the whole factor; auto: 1",
        Above = 0, Null = "auto")]
    public double? LowFrequencyFactor { get; init; }

    [Option("llama3: pairs that turn at least so many times in {OriginalContext} are not scaled; auto: 4", Above = 0, Null = "auto")]
    public double? HighFrequencyFactor { get; init; }

    [Option("yarn: pairs that turn at least so many times in {OriginalContext} are not scaled; auto: 32", Above = 0, Null = "auto")]
    public double? BetaFast { get; init; }

    [Option("yarn: pairs that turn at most so many times in {OriginalContext} are scaled by the whole factor; auto: 1",
        Above = 0, Null = "auto")]
    public double? BetaSlow { get; init; }

    [Option("yarn: whether the range of partly scaled pairs is extended to whole pairs; auto: true", Null = "auto")]
    public bool? Truncate { get; init; }

    [Option("yarn: factor of cosines and sines; auto: 0.1 · ln({Factor}) + 1", Above = 0, Null = "auto")]
    public double? AttentionFactor { get; init; }

    /// <summary>The factor of cosines and sines.</summary>
    public double Amplitude => AttentionFactor ?? 1;

    /// <summary>The attention factor of YaRN.</summary>
    /// <param name="scale">Multiplies the logarithm, as <c>mscale</c> in published configurations.</param>
    public static double AttentionFactorOf(double factor, double scale = 1) => factor > 1 ? 0.1 * scale * Math.Log(factor) + 1 : 1;

    /// <summary>The same with the defaults of what the type uses.</summary>
    public RopeScaling Complete() => Type switch
    {
        RopeScalingType.Llama3 => this with
        {
            LowFrequencyFactor = LowFrequencyFactor ?? 1,
            HighFrequencyFactor = HighFrequencyFactor ?? 4,
        },
        RopeScalingType.Yarn => this with
        {
            BetaFast = BetaFast ?? 32,
            BetaSlow = BetaSlow ?? 1,
            Truncate = Truncate ?? true,
            AttentionFactor = AttentionFactor ?? AttentionFactorOf(Factor ?? 1),
        },
        _ => this,
    };

    IOptions IOptions.Derive(Predicate<string> isGiven) => Complete();

    /// <summary>The angle by which each pair of a head turns from one position to the next.</summary>
    /// <param name="theta">Pair i turns by θ^(−2i / head width) before scaling.</param>
    public double[] Frequencies(int headWidth, double theta)
    {
        var frequencies = new double[headWidth / 2];
        var (low, high) = Type is RopeScalingType.Yarn ? PartlyScaled(headWidth, theta) : default;
        for (var i = 0; i < frequencies.Length; i++)
        {
            var plain = Math.Pow(theta, -2.0 * i / headWidth);
            frequencies[i] = Type switch
            {
                RopeScalingType.Linear => Mixed(plain, share: 1),
                RopeScalingType.Llama3 => Mixed(plain, ShareByWavelength(plain)),
                RopeScalingType.Yarn => Mixed(plain, Math.Clamp((i - low) / (high - low), 0, 1)),
                _ => plain,
            };
        }

        return frequencies;
    }

    /// <summary>Conflicts with the other options of a Llama model.</summary>
    internal IEnumerable<OptionProblem> ProblemsOf(ModelOptions model)
    {
        if (Type is not RopeScalingType.Yarn || OriginalContext is not { } original || BetaFast is not { } fast || BetaSlow is not { } slow)
            yield break;
        const string At = nameof(ModelOptions.RopeScaling) + ".";
        const string Original = At + nameof(OriginalContext), Fast = At + nameof(BetaFast), Slow = At + nameof(BetaSlow);
        if (model.RopeTheta <= 1)
        {
            yield return new($"{nameof(ModelOptions.RopeTheta):key} is {model.RopeTheta}, but yarn needs a base above 1; raise it.");
            yield break;
        }

        var most = original / (2 * Math.PI);
        if (most < slow)
        {
            yield return new($"{Original:key} {original} is too short: the first pair of a head turns {Math.Round(most, 2)} times in it, "
                + $"below {Slow:key} {slow}; raise it or lower {Slow:key}.");
        }

        // Beyond, the published formula would scale all of them.
        var least = most * Math.Pow(model.RopeTheta, 2.0 / model.HeadWidth - 1);
        if (most / fast > Math.Pow(model.RopeTheta, 2 - 2.0 / model.HeadWidth))
        {
            yield return new($"{Fast:key} {fast} is too low: the last pair of a head turns {Math.Round(least, 2)} times in {Original:key} "
                + $"{original}, so no pair would be scaled; raise it or omit the scaling.");
        }
    }

    IEnumerable<OptionProblem> IOptions.Validate()
    {
        var type = Type;
        foreach (var (name, value, isUsed) in ((string, object?, bool)[])
                 [
                     (nameof(Factor), Factor, type is not RopeScalingType.None),
                     (nameof(OriginalContext), OriginalContext, type is RopeScalingType.Llama3 or RopeScalingType.Yarn),
                     (nameof(LowFrequencyFactor), LowFrequencyFactor, type is RopeScalingType.Llama3),
                     (nameof(HighFrequencyFactor), HighFrequencyFactor, type is RopeScalingType.Llama3),
                     (nameof(BetaFast), BetaFast, type is RopeScalingType.Yarn),
                     (nameof(BetaSlow), BetaSlow, type is RopeScalingType.Yarn),
                     (nameof(Truncate), Truncate, type is RopeScalingType.Yarn),
                     (nameof(AttentionFactor), AttentionFactor, type is RopeScalingType.Yarn),
                 ])
        {
            if (value is not null && !isUsed)
            {
                yield return new($"{name:key} is {$"{value}".ToLowerInvariant()}, but {nameof(Type):key} is {type}, which does not use it; "
                    + $"omit it or change {nameof(Type):key}.");
            }
        }

        if (type is not RopeScalingType.None && Factor is null)
        {
            yield return new($"{nameof(Type):key} is {type}, which needs a factor; set {nameof(Factor):key}, such as 4 for a context four "
                + $"times as long.");
        }

        if (type is RopeScalingType.Llama3 or RopeScalingType.Yarn && OriginalContext is null)
        {
            yield return new($"{nameof(Type):key} is {type}, which depends on the context before it was extended; set "
                + $"{nameof(OriginalContext):key} to it.");
        }

        if (type is RopeScalingType.Llama3 && HighFrequencyFactor <= LowFrequencyFactor)
        {
            yield return new($"{nameof(HighFrequencyFactor):key} {HighFrequencyFactor} is not above {nameof(LowFrequencyFactor):key} "
                + $"{LowFrequencyFactor}; raise it.");
        }

        if (type is RopeScalingType.Yarn && BetaFast < BetaSlow)
            yield return new($"{nameof(BetaFast):key} {BetaFast} is below {nameof(BetaSlow):key} {BetaSlow}; raise it.");
    }

    // A share of the frequency is divided by the factor.
    private double Mixed(double plain, double share) => plain / Factor!.Value * share + plain * (1 - share);

    private double ShareByWavelength(double frequency)
    {
        var (low, high) = (LowFrequencyFactor!.Value, HighFrequencyFactor!.Value);
        var turns = OriginalContext!.Value * frequency / (2 * Math.PI);
        return Math.Clamp(1 - (turns - low) / (high - low), 0, 1);
    }

    // The pair that turns so many times in the original context, of which the frequency is a continuous function of its number.
    private (double Low, double High) PartlyScaled(int headWidth, double theta)
    {
        var original = OriginalContext!.Value;
        var (low, high) = (PairTurning(BetaFast!.Value), PairTurning(BetaSlow!.Value));
        if (Truncate is true)
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(low, 0), Math.Min(high, headWidth - 1));
        return (low, low == high ? high + 0.001 : high);

        double PairTurning(double turns) => headWidth * Math.Log(original / (turns * 2 * Math.PI)) / (2 * Math.Log(theta));
    }
}
