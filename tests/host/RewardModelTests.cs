using ActorTrain.Host.Cli;
using ActorTrain.Host.Runs;
using ActorTrain.Models;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Tests;

/// <summary>A trained reward model is opened with the normalisation of its own weights.</summary>
public sealed class RewardModelTests : IDisposable
{
    private static readonly CommandContext Context = new(TextWriter.Null, TextWriter.Null, false, TimeProvider.System);

    private static readonly ModelOptions Score =
        ModelOptions.FromDepth(1) with { ContextLength = 8, VocabularySize = 20, Output = ModelOutput.Score };

    private readonly TemporaryRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void Scores_are_normalised()
    {
        var run = Saved("judge", Score, out var digest);
        double[] Of(double gain, double bias)
        {
            new RewardScale(new RewardSource(digest, "data", 10, "float32"), 3, gain, bias).Write(run.RewardFile);
            using var model = Open(run);
            return model.Scorer.Score([[1, 2, 3], [4]]);
        }

        var own = Of(1, 0);
        own.ShouldNotContain(0);
        Of(2, -0.5).ShouldBe(own.Select(static score => 2 * score - 0.5));
    }

    [Fact]
    public void Without_the_normalisation_of_these_weights_or_without_a_score_a_model_is_refused()
    {
        var run = Saved("judge", Score, out var digest);
        Should.Throw<UserErrorException>(() => Open(run)).Message.ShouldName("reward.json", "step 3", "actortrain reward");
        new RewardScale(new RewardSource(new string('0', digest.Length), "data", 10, "float32"), 3, 1, 0).Write(run.RewardFile);
        Should.Throw<UserErrorException>(() => Open(run)).Message.ShouldName("reward.json", "step 3", "actortrain reward");
        var book = Saved("book", Score with { Output = ModelOutput.Logits }, out _);
        Should.Throw<UserErrorException>(() => Open(book)).Message.ShouldName("book", "actortrain reward");
    }

    private static TrainedRewardModel Open(RunDirectory run) =>
        TrainedRewardModel.Open(run.Path, Precision.Float32, Context, static _ => { });

    private RunDirectory Saved(string name, ModelOptions shape, out string digest)
    {
        var run = runs.Run(name);
        using var parameters = new FlatParameters(ModelLayout.Of(shape));
        Initialization.Initialize(parameters, shape, seed: 1);
        using var weights = new HostBuffer(parameters.Layout.Length * sizeof(float));
        using var moment = new HostBuffer(weights.Length);
        parameters.Weights.CopyTo(weights);
        digest = WeightsDigest.Of(parameters.Layout, weights);
        new CheckpointStore(run.CheckpointsDirectory, new CheckpointStoreOptions(), TimeProvider.System).Commit(new CheckpointContent(
            new CheckpointFacts
            {
                Step = 3,
                ConfigurationHash = "",
                Model = shape,
                Cursor = new PlanCursor(0, 0, 0),
                Fingerprint = new NumericFingerprint("", "", "", "", "", ""),
            },
            parameters.Layout, weights, moment, moment));
        return run;
    }
}
