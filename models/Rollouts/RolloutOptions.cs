using ActorTrain.Models.Generation;
using ActorTrain.Models.Options;
using ActorTrain.Models.Plan;

namespace ActorTrain.Models.Rollouts;

/// <summary>How completions are sampled from the policy.</summary>
public sealed record RolloutOptions : IOptions
{
    /// <summary>Workers that sample, at most.</summary>
    public const int MostWorkers = 256;

    private const string Speed = "it changes the speed, not the rollouts";

    [Option("completions of each prompt", Min = 1, Max = 4096)]
    public int Samples { get; init; } = 8;

    [Option("most tokens of a completion, its end token included", Unit = "tokens", Min = 1)]
    public int MaxTokens { get; init; } = 64;

    /// <summary>In training as well: the log-probabilities of loss and sampling are at the same temperature.</summary>
    [Option("sampling temperature, in training too", Min = 0.001, Max = 1000)]
    public double Temperature { get; init; } = 1;

    [Option("steps by which the weights that sample lag behind those that are trained; 0: none", Max = 16)]
    public int Lag { get; init; }

    [Option("how often each batch of rollouts is trained on (PPO: 4); above 1, the weights at the beginning of a {Window} sample for "
        + "all of it", Min = 1, Max = 1000)]
    public int Epochs { get; init; } = 1;

    [Option("with a lag or epochs, steps after which sampling begins anew with the newest weights, and at which a run can resume", Min = 2,
        Max = 1_000_000)]
    public int Window { get; init; } = 16;

    [Option("actors that generate", Min = 1, Max = MostWorkers, MayChangeBecause = Speed)]
    public int Workers { get; init; } = 1;

    [Option("completions that a worker writes side by side", Min = 1, Max = 4096, MayChangeBecause = Speed)]
    public int Slots { get; init; } = 64;

    public RolloutSchedule Schedule() => Epochs > 1 || Lag > 0 ? new(Lag, Window, Epochs) : RolloutSchedule.OnPolicy;

    /// <summary>States that are kept in memory for it: those that sampled and are not trained on yet, and the last at which a run can
    /// resume.</summary>
    public int Snapshots() => Schedule() == RolloutSchedule.OnPolicy ? 0 : Lag + 1;

    public IEnumerable<OptionProblem> Validate()
    {
        if (Lag >= Window)
            yield return new($"{nameof(Window):key} {Window} is not above {nameof(Lag):key} {Lag}, so the lag would never be reached.");
        if (Epochs > 1 && Lag > 0)
        {
            yield return new($"{nameof(Epochs):key} {Epochs} trains all of a window on rollouts of its first weights, which leaves no room "
                + $"for {nameof(Lag):key} {Lag}; set one of the two back.");
        }

        if (Epochs > 1 && Window % Epochs != 0)
            yield return new($"{nameof(Window):key} {Window} is not a multiple of {nameof(Epochs):key} {Epochs}.");
    }

    /// <summary>Nothing is cut off from the distribution: the loss is that of all of it (TRL#6789). The temperature is that of the loss,
    /// which is a float32: its reciprocal is another one for a quarter of decimal fractions.</summary>
    public SamplingOptions Sampling() => new() { Temperature = (float)Temperature };
}
