using ActorTrain.Data.Plan;
using ActorTrain.Persistence.Ledger;

namespace ActorTrain.Actors.Metrics;

/// <summary>How often a run read each sample. The plan reads each once per epoch; the ledger contains positions of the endless
/// stream.</summary>
/// <param name="WholeEpochs">Epochs in which every sample was read.</param>
/// <param name="PartialEpochs">Epochs, from 1, in which only some were: unfinished, or with skips.</param>
/// <param name="MostInStep">Most reads of one sample in one step.</param>
public sealed record SampleReads(long Samples, long WholeEpochs, IReadOnlyList<PartialEpoch> PartialEpochs, long MostInStep)
{
    /// <param name="plan">The run's plan, with its number of samples.</param>
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
        // Within one epoch no sample occurs twice.
        if (row.Ranges.Count == 0 || row.Ranges[0].First / plan.SampleCount == (row.Ranges[^1].End - 1) / plan.SampleCount)
            return Math.Min(1, row.Count);
        var positions = row.Ranges.SelectMany(static range => Enumerable.Range(0, checked((int)range.Count)).Select(i => range.First + i));
        return positions.CountBy(position => plan.At(position).Sample).Max(static pair => pair.Value);
    }
}

/// <param name="Epoch">From 1.</param>
public sealed record PartialEpoch(long Epoch, long Read);
