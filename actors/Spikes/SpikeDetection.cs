namespace ActorTrain.Actors.Spikes;

/// <summary>Judges steps by all rules that are on: no clock, no thread, no state of its own, so the same signals and memory always give the same
/// judgement.</summary>
/// <param name="rules">The rules, each with a name of its own.</param>
public sealed class SpikeDetection(IReadOnlyList<SpikeRule> rules)
{
    /// <summary>Judges a step.</summary>
    public Judgement Judge(StepSignals signals, SpikeMemory memory)
    {
        ArgumentNullException.ThrowIfNull(signals);
        ArgumentNullException.ThrowIfNull(memory);
        Finding? sharpest = null;
        var adjustment = Models.Optimization.UpdateAdjustment.None;
        var (applied, leftOut) = (memory.Rules, memory.Rules);
        foreach (var rule in rules)
        {
            var numbers = memory.Rules.TryGetValue(rule.Name, out var known) ? known : [];
            var opinion = rule.Judge(signals, numbers);
            if (opinion.Finding is { } finding && (sharpest is null || finding.Answer > sharpest.Answer))
                sharpest = finding;
            adjustment = rule.Adjust(adjustment, opinion);
            applied = applied.SetItem(rule.Name, opinion.IfApplied);
            leftOut = leftOut.SetItem(rule.Name, opinion.IfLeftOut);
        }

        return new Judgement(sharpest, adjustment, new SpikeMemory { Rules = applied }, new SpikeMemory { Rules = leftOut });
    }
}
