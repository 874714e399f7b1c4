using ActorTrain.Models.Randomness;

namespace ActorTrain.Models.Plan;

/// <summary>Which weights sample the rollouts of which step: planned, never decided by who was faster.</summary>
/// <remarks>
/// <para>Step s is trained on rollouts of the weights of step s − lag. Every so many steps, at the beginning of a window, sampling begins
/// anew with the newest weights: there a run can resume from its own state alone, and no older weights are kept with it.</para>
/// <para>With more than one epoch, the weights at the beginning of a window sample for all of it: its batches are trained on in order, and
/// then again in another order, that of each epoch (PPO; Schulman et al. 2017, algorithm 1).</para>
/// </remarks>
/// <param name="Lag">0: each step is trained on rollouts of its own weights; 0 with more than one epoch.</param>
/// <param name="Window">Steps of a window, more than the lag, and a multiple of the epochs.</param>
/// <param name="Epochs">How often a batch is trained on.</param>
public sealed record RolloutSchedule(int Lag = 0, int Window = 1, int Epochs = 1)
{
    /// <summary>Each step is trained on rollouts of its own weights.</summary>
    public static RolloutSchedule OnPolicy { get; } = new();

    /// <summary>How many batches may be sampled before the first of them is trained on for the last time.</summary>
    public int Ahead => Epochs == 1 ? Lag + 1 : BatchesPerWindow;

    private long Span => Lag == 0 && Epochs == 1 ? 1 : Window;

    private int BatchesPerWindow => Window / Epochs;

    /// <summary>Whether a run can resume at a step from the state of that step alone.</summary>
    public bool IsRestart(long step) => step % Span == 0;

    /// <summary>The last step at or before another one at which a run can resume.</summary>
    public long RestartBefore(long step) => step - step % Span;

    /// <summary>The step whose weights sample the rollouts of <paramref name="step"/>.</summary>
    public long WeightsOf(long step) => Epochs > 1 ? RestartBefore(step) : Math.Max(RestartBefore(step), step - Lag);

    /// <summary>The steps, ascending, that are the first to be trained on rollouts which the weights of <paramref name="step"/>
    /// sample.</summary>
    public IEnumerable<long> SampledBy(long step)
    {
        for (var later = step; later < step + Ahead; later++)
        {
            if (WeightsOf(later) == step)
                yield return later;
        }
    }

    /// <summary>The number of the batch that a step is trained on.</summary>
    public long BatchOf(long step)
    {
        if (Epochs == 1)
            return step;
        var (window, offset) = Math.DivRem(step, Window);
        var (epoch, place) = Math.DivRem((int)offset, BatchesPerWindow);
        return window * BatchesPerWindow + (epoch == 0 ? place : Order(window, epoch)[place]);
    }

    /// <summary>The first step that is trained on the batch of <paramref name="step"/>: its rollouts are kept by that name.</summary>
    public long FirstStepOf(long step)
    {
        if (Epochs == 1)
            return step;
        var (window, place) = Math.DivRem(BatchOf(step), BatchesPerWindow);
        return window * Window + place;
    }

    /// <summary>The first and the last batch that steps from one to before another are trained on.</summary>
    public (long First, long Last) BatchesOf(long from, long before)
    {
        // Batches of a later window are later ones.
        if (Epochs == 1)
            return (from, before - 1);
        var (next, last) = (from - from % Window + Window, before - 1);
        var (first, end) = (BatchOf(from), BatchOf(last));
        for (var step = from; step < Math.Min(before, next); step++)
            first = Math.Min(first, BatchOf(step));
        for (var step = Math.Max(from, last - last % Window); step < last; step++)
            end = Math.Max(end, BatchOf(step));
        return (first, end);
    }

    /// <summary>How many batches the first <paramref name="steps"/> steps are trained on.</summary>
    public long BatchesIn(long steps)
    {
        if (Epochs == 1)
            return steps;
        var (windows, more) = Math.DivRem(steps, Window);
        return windows * BatchesPerWindow + Math.Min(more, BatchesPerWindow);
    }

    /// <summary>Whether a multiple of <paramref name="every"/> is reached since the last step at which a run could resume.</summary>
    public bool Passes(long step, long every) => IsRestart(step) && step / every != (step - Span) / every;

    // Fisher and Yates.
    private int[] Order(long window, int epoch)
    {
        int[] order = [.. Enumerable.Range(0, BatchesPerWindow)];
        var key = SplitMix64.Scatter((ulong)window, (ulong)epoch);
        for (var last = order.Length - 1; last > 0; last--)
        {
            var chosen = (int)(SplitMix64.Fraction(SplitMix64.Scatter(key, (ulong)last)) * (last + 1));
            (order[last], order[chosen]) = (order[chosen], order[last]);
        }

        return order;
    }
}
