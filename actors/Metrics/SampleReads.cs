using ActorTrain.Data.Plan;
using ActorTrain.Persistence.Ledger;

namespace ActorTrain.Actors.Metrics;

/// <summary>How often a run read the samples of its data. The plan reads each once per epoch; the ledger names positions of its endless
/// stream.</summary>
/// <param name="WholeEpochs">Epochs in which each of them was read.</param>
/// <param name="PartialEpochs">Epochs, from 1, in which only some were: the run has not gone through it yet, or left some out.</param>
/// <param name="MostInStep">The most often that one step read the same sample.</param>
public sealed record SampleReads(long Samples, long WholeEpochs, IReadOnlyList<PartialEpoch> PartialEpochs, long MostInStep)
{
    /// <summary>Counts what a ledger says was read.</summary>
    /// <param name="plan">The run's plan, with the samples of its data.</param>
    /// <param name="ledger">The steps that count.</param>
    public static SampleReads Of(BatchPlan plan, IEnumerable<SampleRow> ledger)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(ledger);
        var epochs = new SortedDictionary<long, long>();
        var mostInStep = 0L;
        foreach (var row in ledger)
        {
            foreach (var range in row.Ranges)
            {
                for (long first = range.First, end; first < range.End; first = end)
                {
                    var epoch = first / plan.SampleCount;
                    end = Math.Min(range.End, (epoch + 1) * plan.SampleCount);
                    epochs[epoch] = epochs.GetValueOrDefault(epoch) + end - first;
                }
            }

            mostInStep = Math.Max(mostInStep, MostOf(plan, row));
        }

        PartialEpoch[] partial =
            [.. epochs.Where(pair => pair.Value < plan.SampleCount).Select(static pair => new PartialEpoch(pair.Key + 1, pair.Value))];
        return new SampleReads(plan.SampleCount, epochs.Count - partial.Length, partial, mostInStep);
    }

    private static long MostOf(BatchPlan plan, SampleRow row)
    {
        // Within one epoch no sample comes twice.
        if (row.Ranges.Count == 0 || row.Ranges[0].First / plan.SampleCount == (row.Ranges[^1].End - 1) / plan.SampleCount)
            return Math.Min(1, row.Count);
        var positions = row.Ranges.SelectMany(static range => Enumerable.Range(0, checked((int)range.Count)).Select(i => range.First + i));
        return positions.CountBy(position => plan.At(position).Sample).Max(static pair => pair.Value);
    }
}

/// <summary>An epoch in which not every sample was read.</summary>
/// <param name="Epoch">Its number, from 1.</param>
public sealed record PartialEpoch(long Epoch, long Read);
