using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Host.Runs;
using ActorTrain.Models.Storage;

namespace ActorTrain.Host.Rollouts;

/// <summary>The weights of a trained policy, for what samples.</summary>
internal sealed class TrainedWeights(TrainedModel trained) : IWeightSource
{
    public string? Load(PublishedWeights published, FlatParameters parameters, long offset = 0)
    {
        parameters.Weights.CopyFrom(trained.Weights, offset);
        parameters.WeightsChanged();
        return null;
    }
}
