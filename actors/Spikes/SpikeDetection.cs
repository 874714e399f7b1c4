using System.Collections.Immutable;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Optimization;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Spikes;

/// <summary>Judges steps by all active rules. Stateless: equal signals and memory give the same judgement.</summary>
/// <remarks>A vetoed step is redone with the next batch. If that batch and the next are bad too, the cause is the weights: the run rolls
/// back to before the previous update.</remarks>
/// <param name="rules">With distinct names.</param>
/// <param name="persistence">Consecutive vetoes of one step; beyond that, the weights are blamed. 0: never.</param>
public sealed class SpikeDetection(IReadOnlyList<SpikeRule> rules, int persistence = 0)
{
    public IReadOnlyList<SpikeRule> Rules => rules;

    // Key of the number of batches skipped in the current step.
    private const string LeftOut = "left_out";

    public Judgement Judge(StepSignals signals, SpikeMemory memory)
    {
        ArgumentNullException.ThrowIfNull(signals);
        ArgumentNullException.ThrowIfNull(memory);
        Finding? sharpest = null;
        var adjustment = UpdateAdjustment.None;
        var (applied, vetoed) = (memory.Rules, memory.Rules);
        foreach (var rule in rules)
        {
            var opinion = rule.Judge(signals, Of(memory, rule.Name));
            if (opinion.Finding is { } finding && (sharpest is null || finding.Answer > sharpest.Answer))
                sharpest = finding;
            adjustment = Joined(adjustment, opinion.Wants);
            applied = applied.SetItem(rule.Name, opinion.IfApplied);
            vetoed = vetoed.SetItem(rule.Name, opinion.IfVetoed);
        }

        if (persistence > 0)
        {
            var row = Of(memory, LeftOut) is [var before] ? before : 0;
            if (sharpest is { Answer: SpikeAnswer.Veto } && row >= persistence)
                sharpest = Blaming(sharpest, signals.Step, row);
            (applied, vetoed) = (applied.SetItem(LeftOut, [0]), vetoed.SetItem(LeftOut, [row + 1]));
        }

        return new Judgement(sharpest, adjustment, new SpikeMemory { Rules = applied }, new SpikeMemory { Rules = vetoed });
    }

    private static ImmutableArray<double> Of(SpikeMemory memory, string name) => memory.Rules.TryGetValue(name, out var known) ? known : [];

    private static Finding Blaming(Finding finding, long step, double row) => finding with
    {
        Answer = SpikeAnswer.RollBack,
        Onset = Math.Max(0, step - 1),
        Evidence = $"{finding.Evidence}; the {row} batches before it showed the same, so the weights are bad, not the batches",
    };

    private static UpdateAdjustment Joined(UpdateAdjustment left, UpdateAdjustment right) => new()
    {
        ClipTo = left.ClipTo is { } a && right.ClipTo is { } b ? Math.Min(a, b) : left.ClipTo ?? right.ClipTo,
        RateFactor = left.RateFactor * right.RateFactor,
        TensorFactors = left.TensorFactors is { } factors && right.TensorFactors is { } others ? [.. factors.Zip(others, Math.Min)]
            : left.TensorFactors ?? right.TensorFactors,
        ResetMomentum = left.ResetMomentum || right.ResetMomentum,
    };
}
