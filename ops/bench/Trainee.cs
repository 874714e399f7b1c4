using System.Diagnostics;
using ActorTrain.Bench.Peers;
using ActorTrain.Models;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Steps;
using ActorTrain.Tests.Replicas;
using TorchSharp;

namespace ActorTrain.Bench;

/// <summary>Our side of a comparison: training of the benchmark model, step by step, on one replica.</summary>
internal sealed class Trainee : IDisposable
{
    /// <summary>6 layers, width 384, 6 heads, context 256, vocabulary 512.</summary>
    public static readonly ModelOptions BenchmarkModel = ModelOptions.FromDepth(6) with { ContextLength = 256, VocabularySize = 512 };

    public static readonly LearningRateSchedule Schedule = new(1e-3, WarmupSteps: 10, Steps: 10_000);

    private readonly ReplicaOptions options;
    private readonly TokenBatch[] lanes;
    private readonly int lanesAtOnce;
    private long step;

    public Trainee(ModelOptions model, Precision precision, int batch, int lanes, bool? fused = null, torch.Device? device = null,
        Recompute recompute = Recompute.None)
    {
        Training = new PeerTraining(model, precision, batch, recompute);
        options = OptionsOf(Training, lanes);
        Replica = new Replica(options, device, fused, recompute: recompute);
        lanesAtOnce = Replica.Model.IsFused ? LaneTrainer.AtOnce(model, precision, lanes, batch / lanes) : 1;
        var random = new Random(1);
        this.lanes = [.. Enumerable.Range(0, lanes).Select(_ => RandomTokens(model, batch / lanes, random))];
    }

    /// <summary>Sequences to train on, one token longer than the context.</summary>
    public static TokenBatch RandomTokens(ModelOptions model, int sequences, Random random) => new(
        [.. Enumerable.Range(0, sequences * (model.ContextLength + 1)).Select(_ => (long)random.Next(model.VocabularySize))], sequences,
            model.ContextLength);

    /// <summary>The training options of all benchmarks, for us and the peers.</summary>
    public static ReplicaOptions OptionsOf(PeerTraining training, int lanes) =>
        new() { Model = training.Model, Precision = training.Precision, Lanes = lanes, Schedule = Schedule };

    public Replica Replica { get; }

    public PeerTraining Training { get; }

    public long TokensPerStep => (long)Training.Batch * options.Model.ContextLength;

    public double Loss { get; private set; }

    public double Run(int steps, Action<long>? afterStep = null)
    {
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < steps; i++)
        {
            var total = Replica.Gradient(new LaneBlock(0, options.Lanes), lane => [lanes[lane]], TokensPerStep, lanesAtOnce: lanesAtOnce);
            var measure = Replica.Commit(step, total);
            if (!double.IsFinite(measure.Loss) || !double.IsFinite(measure.GradientNorm))
                throw new InvalidOperationException("The benchmark's training diverged.");
            Loss = measure.Loss;
            step++;
            afterStep?.Invoke(step);
        }

        return steps * TokensPerStep / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public void Dispose() => Replica.Dispose();
}
