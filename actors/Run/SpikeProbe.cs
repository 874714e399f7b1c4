using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>A batch that led to a rollback, to be tried on the weights that the run rolled back to: is it bad in itself, or only for the
/// later state?</summary>
internal sealed record SpikeProbe(long BatchStep, SkipList Skips)
{
    /// <summary>The round under which it is computed; null: it is not yet.</summary>
    public Round? Round { get; init; }

    /// <summary>What it showed; null: that is not known yet.</summary>
    public StepSignals? Signals { get; init; }

    /// <summary>The same with what it showed.</summary>
    public SpikeProbe With(BlockResult result, int lanes, long tokens) => this with
    {
        Signals = new StepSignals
        {
            Step = Round!.Value.Step,
            Loss = result.Loss,
            LaneLosses = [.. result.LaneLosses.Select(part => part * lanes)],
            GradientNorm = result.Norm ?? double.NaN,
            TensorNorms = result.PartNorms?.Tensors ?? [],
            EmbeddingNorm = result.PartNorms?.Embedding,
            BlockNorms = result.PartNorms?.Blocks ?? [],
            UpdateNorm = result.UpdateNorm,
            Tokens = tokens,
        },
    };

    /// <summary>The cause of the spike, and what it was told by.</summary>
    /// <param name="finding">What the rules found in what the batch showed.</param>
    public (SpikeCause Cause, string Evidence) Explain(Finding? finding) => (
        finding is null ? SpikeCause.DataAndState : SpikeCause.Data,
        FormattableString.Invariant(
            $"With the weights of step {Signals!.Step}, the batch of step {BatchStep} has loss {Signals.Loss:0.####} ")
        + FormattableString.Invariant($"and gradient norm {Signals.GradientNorm:0.####}")
        + (finding is null ? ", which is normal." : $": {finding.Evidence}."));
}
