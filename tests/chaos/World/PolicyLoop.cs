using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Host.Rollouts;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Tests.Replicas;
using static TorchSharp.torch;

namespace ActorTrain.Chaos.Tests.World;

/// <summary>A policy that samples and is trained by one replica, on one thread, without actors.</summary>
internal sealed class PolicyLoop : IWeightSource, IDisposable
{
    private readonly Replica replica;
    private readonly RolloutsRun run;
    private readonly StepSampler sampler;
    private readonly int lanes;
    private readonly int microBatch;

    /// <param name="options">What the run's replicas compute with.</param>
    /// <param name="run">Has the prompts, and makes what judges.</param>
    /// <param name="initial">The weights that it begins with.</param>
    /// <param name="microBatch">Rollouts per batch.</param>
    public PolicyLoop(ReplicaOptions options, RolloutsRun run, BaseWeights initial, int microBatch)
    {
        (this.run, this.microBatch, lanes, replica) = (run, microBatch, options.Lanes, new Replica(options));
        using var weights = initial.Read(ModelLayout.OfBase(options.Model));
        replica.Initialize(weights);
        sampler = new StepSampler(run.Generator, this);
    }

    /// <summary>Updates so far.</summary>
    public long Step { get; private set; }

    /// <summary>Hash of weights and moments.</summary>
    public ulong State => replica.HashState();

    private PublishedWeights Weights => new(Step, Slot: 0, State);

    /// <summary>All rollouts of a step, by the present weights.</summary>
    public StepRollouts SampleStep(long step) => sampler.Sample(run, step, Weights, SkipList.Empty, CancellationToken.None);

    /// <summary>One rollout, by the present weights.</summary>
    public Rollout Sample(Prompt prompt, int sample) =>
        sampler.Sample(Weights, [(prompt, [sample])], CancellationToken.None).Values.Single();

    /// <summary>Takes the step that comes next.</summary>
    public (double Loss, double Norm) Take(StepRollouts rollouts)
    {
        var experience = new Experience(
            rollouts.Groups, run.Options.Advantages, run.Options.Rollouts.MaxTokens,
            isOnPolicy: run.Options.Rollouts.Schedule().WeightsOf(Step) == Step);
        var positions = rollouts.Groups.Select(static group => group.Position).Chunk(rollouts.Groups.Count / lanes).ToList();
        var total = replica.Gradient(
            new LaneBlock(0, lanes), lane => experience.Batches(positions[lane], microBatch), experience.Counts.Tokens);
        var measure = replica.Commit(Step++, total);
        return (measure.Loss, measure.GradientNorm);
    }

    public string? Load(PublishedWeights published, FlatParameters parameters, long offset = 0)
    {
        using var _ = no_grad();
        using var part = replica.Parameters.Weights.narrow(0, offset, parameters.Weights.numel());
        parameters.Weights.copy_(part);
        parameters.WeightsChanged();
        return null;
    }

    public void Dispose()
    {
        sampler.Dispose();
        replica.Dispose();
    }
}
