using System.Collections.Immutable;

namespace ActorTrain.Actors.Spikes;

/// <summary>What <see cref="RunningMultipleRule"/> depends on: twice the mean of 100 steps, for 5 steps in a row.</summary>
public sealed record RunningMultipleOptions
{
    /// <summary>A loss of so many times the running mean, or more, is an outlier.</summary>
    public double Multiple { get; init; } = 2;

    /// <summary>Steps of which the mean is taken; all of them must be there.</summary>
    public int Window { get; init; } = 100;

    /// <summary>Outliers in a row that are borne; the next one is a spike.</summary>
    public int Patience { get; init; } = 4;
}

/// <summary>A loss that stays above a multiple of the running mean. Updates have been applied by then, so it asks to go back to before the first of them.</summary>
/// <remarks>Source: mosaicml/llm-foundry, <c>callbacks/kill_loss_spike_callback.py</c>, <c>KillLossSpike</c>: <c>outlier_multiplier</c> 2, <c>patience</c> 4,
/// window 100; outliers stay in the window, and the row ends with the first loss that is none. It remembers how many outliers came in a row, the
/// step of the first, and the window, the oldest step first.</remarks>
/// <param name="options">How far, how wide and how long.</param>
public sealed class RunningMultipleRule(RunningMultipleOptions options) : SpikeRule
{
    /// <summary>Its name.</summary>
    public const string Id = "running_multiple";

    private const int Head = 2;

    /// <inheritdoc/>
    public override string Name => Id;

    /// <inheritdoc/>
    public override Opinion Judge(StepSignals signals, ImmutableArray<double> memory)
    {
        ArgumentNullException.ThrowIfNull(signals);
        var loss = signals.Loss;
        if (!double.IsFinite(loss))
            return new Opinion(null, memory, memory);
        var (row, first) = memory.IsEmpty ? (0, 0) : ((int)memory[0], (long)memory[1]);
        var window = memory.IsEmpty ? [] : memory[Head..];
        Finding? finding = null;
        if (window.Length == options.Window)
        {
            double sum = 0;
            foreach (var value in window)
                sum += value;
            var limit = options.Multiple * (sum / window.Length);
            (row, first) = loss < limit ? (0, 0) : (row + 1, row == 0 ? signals.Step : first);
            if (row > options.Patience)
            {
                finding = new Finding(
                    Name, "loss", loss, limit, first, SpikeAnswer.RollBack,
                    Words($"the loss of step {signals.Step} is {loss:0.####}, and for {row} steps it has been {options.Multiple} times the mean of the last {window.Length} or more"));
            }
        }

        return new Opinion(finding, [row, first, .. window.Length < options.Window ? window : window[1..], loss], memory);
    }
}
