using ActorTrain.Models.Numerics;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Metrics;

namespace ActorTrain.Host.Pretraining;

/// <summary>How a run begins, or goes on.</summary>
/// <param name="Step">Steps taken before.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="TokensPerStep">Tokens trained on per step.</param>
/// <param name="Parameters">Number of parameters.</param>
/// <param name="GemmRate">The machine's rate of matrix products, operations per second.</param>
/// <param name="Fingerprint">What the bits depend on.</param>
internal sealed record PretrainStart(long Step, long Steps, long TokensPerStep, long Parameters, double GemmRate, NumericFingerprint Fingerprint);

/// <summary>Is told what happens in a run; from the training thread, save for <see cref="Saved"/>, which comes from the writing one.</summary>
internal interface IPretrainObserver
{
    void Begin(PretrainStart start);

    void StepTaken(StepMetrics row);

    void Evaluated(EvaluationMetrics row);

    void Saved(Saved saved);

    void Warn(string sentence);
}
