using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Run;

/// <summary>A batch that led to a rollback, to be recomputed on the weights that the run rolled back to: is it bad in itself, or only for
/// the later state?</summary>
internal sealed record SpikeProbe(long BatchStep, SkipList Skips)
{
    /// <summary>The round under which it is computed; null before that.</summary>
    public Round? Round { get; init; }

    /// <summary>The measured signals; null until known.</summary>
    public StepSignals? Signals { get; init; }

    /// <summary>A copy with the measured result.</summary>
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

    /// <summary>The cause of the spike, and its evidence.</summary>
    /// <param name="finding">What the rules found in the probe's signals.</param>
    public (SpikeCause Cause, string Evidence) Explain(Finding? finding) => (
        finding is null ? SpikeCause.DataAndState : SpikeCause.Data,
        FormattableString.Invariant(
            $"With the weights of step {Signals!.Step}, the batch of step {BatchStep} has loss {Signals.Loss:0.####} ")
        + FormattableString.Invariant($"and gradient norm {Signals.GradientNorm:0.####}")
        + (finding is null ? ", which is normal." : $": {finding.Evidence}."));
}
