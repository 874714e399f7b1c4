using ActorTrain.Models.Batches;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Layers;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;
using static TorchSharp.torch;

namespace ActorTrain.Models.Objectives;

/// <summary>The objective of PPO: that of a policy, and beside it the value loss of the critic.</summary>
/// <remarks>They share no parameter, so neither changes a bit of the other's gradient.</remarks>
public sealed class ActorCritic(RolloutPolicy policy, CriticOptions options) : IObjective
{
    public bool TakesLanesAtOnce => false;

    /// <exception cref="InvariantException">The weights are those that sampled, but a log-probability or a value is another: someone
    /// computed wrongly.</exception>
    public LossPart Add(Transformer model, TokenBatch batch, long count)
    {
        var critic = model.Critic ?? throw new InvariantException("The model has no critic.");
        return policy.Add(model, batch, count) + AddValues(critic, (RolloutBatch)batch);
    }

    public IValidation Validate(Transformer model, IReadOnlyList<int> byteCounts) => policy.Validate(model, byteCounts);

    // All rows of completions, so that there is a gradient, if only of zeros, where no token counts.
    private double AddValues(Transformer critic, RolloutBatch batch)
    {
        using var scope = NewDisposeScope();
        var rows = CompletionRows.RowsOf(batch);
        var (inputs, _) = batch.ToTensors(critic.Parameters.Device);
        var values = critic.Scores(inputs, rows, batch.TextRows());
        var now = Array.ConvertAll(ScalarScores.ValuesOf(values.detach()), static value => (double)value);
        var old = At(batch.Values, rows);
        if (batch.IsOnPolicy && critic.IsFused)
            RequireSamplersBits(now, old);
        var slopes = new double[rows.Length];
        var loss = ValueLoss.Of(
            now, old, At(batch.Returns, rows), At(batch.Mask, rows), options.ValueClip, options.Coefficient, batch.Step.Tokens, slopes);
        values.backward([tensor(Array.ConvertAll(slopes, static slope => (float)slope), device: values.device)]);
        return loss;
    }

    private static T[] At<T>(T[] ofRows, long[] rows) => Array.ConvertAll(rows, row => ofRows[row]);

    private static void RequireSamplersBits(double[] values, double[] old)
    {
        for (var token = 0; token < values.Length; token++)
        {
            if (values[token] != old[token])
            {
                throw new InvariantException(
                    $"The value of a token is {values[token]:R}, but the same weights gave {old[token]:R} when it was sampled.");
            }
        }
    }
}
