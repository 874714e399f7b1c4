using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Spikes;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Bench.Spikes;

/// <summary>The outcome of one disturbance.</summary>
/// <param name="Found">The first alarm since; null for none.</param>
internal sealed record SpikeOutcome(SpikeTraces Run, SpikeTrace Trace, Finding? Found, long At)
{
    /// <summary>Steps within which a sharp cause must be found.</summary>
    public const long SharpLimit = 1;

    /// <summary>Steps within which a slow one must be found.</summary>
    public const long SlowLimit = 80;

    /// <summary>Steps from the first affected one to the alarm; negative if the alarm came between the disturbance and that step.</summary>
    public long Delay => At - Trace.Onset;

    public bool InTime => Found is not null && Delay <= (Trace.Kind == CauseKind.Slow ? SlowLimit : SharpLimit);
}

internal sealed record FalseAlarm(SpikeTraces Run, SpikeTrace Trace, Finding Finding, long At);

/// <summary>The performance of one rule, or set of rules, on traces.</summary>
/// <param name="Outcomes">Of every disturbance to be found.</param>
/// <param name="False">Alarms in undisturbed runs, after harmless batches, and before the disturbance.</param>
/// <param name="SoundSteps">Undisturbed steps.</param>
internal sealed record SpikeScore(IReadOnlyList<SpikeOutcome> Outcomes, IReadOnlyList<FalseAlarm> False, long SoundSteps)
{
    // Alarms within this distance are one: the response to the first covers the others.
    private const long Apart = 20;
    private static readonly SpikeLadderOptions Ladder = new();

    /// <summary>Fraction of the alarms that were right.</summary>
    public double Precision => Found + False.Count == 0 ? 1 : (double)Found / (Found + False.Count);

    /// <summary>Fraction of the disturbances found in time.</summary>
    public double Recall => Outcomes.Count == 0 ? 1 : (double)Outcomes.Count(static outcome => outcome.InTime) / Outcomes.Count;

    /// <summary>Median delay of those found, in steps; NaN if there are none.</summary>
    public double MedianDelay => Found == 0 ? double.NaN
        : Outcomes.Where(static outcome => outcome.Found is not null).Select(static outcome => (double)outcome.Delay).Median();

    /// <summary>Steps lost to a false alarm: those since the step it rolls back to, and the replay; the median over all alarms.</summary>
    public double Cost
    {
        get
        {
            var alarms = Outcomes.Where(static outcome => outcome.Found is not null)
                .Select(static outcome => (Finding: outcome.Found!, outcome.At))
                .Concat(False.Select(static alarm => (alarm.Finding, alarm.At)));
            double[] costs = [.. alarms.Select(static alarm => (double)CostOf(alarm.Finding, alarm.At))];
            return costs.Length == 0 ? 0 : costs.Median();
        }
    }

    private int Found => Outcomes.Count(static outcome => outcome.Found is not null);

    /// <summary>The longest delay of a kind of cause, in steps; NaN if none was found.</summary>
    public double LongestDelay(CauseKind kind) =>
        Outcomes.Where(outcome => outcome.Trace.Kind == kind && outcome.Found is not null).Select(static outcome => (double)outcome.Delay)
            .DefaultIfEmpty(double.NaN).Max();

    public static SpikeScore Of(SpikeDetection detection, IEnumerable<SpikeTraces> runs)
    {
        var outcomes = new List<SpikeOutcome>();
        var wrong = new List<FalseAlarm>();
        long sound = 0;
        foreach (var run in runs)
        {
            var memories = new Dictionary<long, SpikeMemory>();
            var alarms = Judge(detection, run.Clean, SpikeMemory.Empty, (step, memory) => memories[step] = memory);
            wrong.AddRange(alarms.Select(alarm => new FalseAlarm(run, run.Clean, alarm.Finding, alarm.At)));
            sound += run.Clean.Length;
            foreach (var trace in run.Disturbed)
            {
                alarms = Judge(detection, trace, memories[trace.From], null);
                if (trace.Onset < 0)
                {
                    wrong.AddRange(alarms.Select(alarm => new FalseAlarm(run, trace, alarm.Finding, alarm.At)));
                    sound += trace.Length;
                }
                else
                {
                    outcomes.Add(alarms.Count > 0 ? new SpikeOutcome(run, trace, alarms[0].Finding, alarms[0].At)
                        : new SpikeOutcome(run, trace, null, 0));
                }
            }
        }

        return new SpikeScore(outcomes, wrong, sound);
    }

    private static List<(Finding Finding, long At)> Judge(SpikeDetection detection, SpikeTrace trace, SpikeMemory memory, Action<long,
        SpikeMemory>? before)
    {
        var alarms = new List<(Finding Finding, long At)>();
        for (var i = 0; i < trace.Length; i++)
        {
            var signals = trace.Signals(i);
            before?.Invoke(signals.Step, memory);
            var judgement = detection.Judge(signals, memory);
            memory = judgement.Finding is { Answer: SpikeAnswer.Veto } ? judgement.IfVetoed : judgement.IfApplied;
            if (judgement.Finding is { } finding && (alarms.Count == 0 || signals.Step - alarms[^1].At >= Apart))
                alarms.Add((finding, signals.Step));
        }

        return alarms;
    }

    private static long CostOf(Finding finding, long at) => finding.Answer switch
    {
        SpikeAnswer.RollBack => at - SpikeLadder.FromOf(finding, Ladder) + 2,
        SpikeAnswer.Veto => 2,
        _ => 0,
    };
}
