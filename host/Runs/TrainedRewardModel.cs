using ActorTrain.Host.Cli;
using ActorTrain.Host.Training;
using ActorTrain.Models;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.PostTraining.Rewards;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Host.Runs;

/// <summary>A reward model as named on a command line, with the normalisation of its scores.</summary>
internal sealed class TrainedRewardModel : IDisposable
{
    private readonly TrainedModel trained;
    private readonly FlatParameters parameters;
    private readonly Transformer model;

    private TrainedRewardModel(TrainedModel trained, RewardScale scale, Precision precision)
    {
        this.trained = trained;
        (model, parameters) = trained.Build(precision);
        Scorer = new RewardScorer(model, new RewardNormalization(scale.Gain, scale.Bias));
    }

    public RewardScorer Scorer { get; }

    /// <summary>Opens the newest intact checkpoint of a run, or the named one.</summary>
    /// <param name="name">As for <see cref="TrainedModel.Open"/>.</param>
    /// <param name="memory">As for <see cref="TrainedModel.Open"/>.</param>
    /// <exception cref="UserErrorException">There is none, it is no reward model, or its scores have not been normalised.</exception>
    public static TrainedRewardModel Open(string name, Precision precision, CommandContext context, Action<ModelOptions> memory)
    {
        var trained = TrainedModel.Open(name, step: null, context, model =>
        {
            if (model.Output is not ModelOutput.Score)
                throw new UserErrorException(
                    $"{name} is a language model, which has no score; name a run of `actortrain {TrainingStage.RewardModeling.Command}`.");
            memory(model);
        });
        try
        {
            return RewardScale.Read(trained.Run.RewardFile) is { } scale
                && scale.Source.Weights == WeightsDigest.Of(trained.Layout, trained.Weights)
                ? new TrainedRewardModel(trained, scale, precision)
                : throw new UserErrorException($"{trained.Run.RewardFile} does not normalise the scores of step {trained.Facts.Step}; run "
                    + $"`actortrain {TrainingStage.RewardModeling.Command}` of that run again, to its last step, which writes it.");
        }
        catch
        {
            trained.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        model.Dispose();
        parameters.Dispose();
        trained.Dispose();
    }
}
