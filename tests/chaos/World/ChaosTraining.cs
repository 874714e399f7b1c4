using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Tests.Replicas;
using static TorchSharp.torch;

namespace ActorTrain.Chaos.Tests.World;

/// <summary>What the bare loop comes to: one process, one thread, no actors.</summary>
/// <param name="State">Hash of weights and moments after the last step.</param>
/// <param name="Steps">Loss and gradient norm of each step, from the first.</param>
/// <param name="Validation">Held-out loss after so many updates, from none.</param>
internal sealed record Undisturbed(ulong State, IReadOnlyList<(double Loss, double Norm)> Steps, IReadOnlyList<double> Validation);

/// <summary>A model so small that a step takes milliseconds, and made-up text to train it on.</summary>
internal sealed class ChaosTraining
{
    public const int Lanes = 8;
    private const int MicroBatch = 2;
    private const int Samples = 100;
    private const int ValidationSamples = 4;
    private readonly Lazy<Undisturbed> undisturbed;

    private readonly Func<long, bool> isNoise;

    private ChaosTraining(string name, Precision precision, int vocabulary, int steps, int layers = 1, Func<long, bool>? isNoise = null)
    {
        this.isNoise = isNoise ?? (static _ => false);
        Name = name;
        Steps = steps;
        Replica = new ReplicaOptions
        {
            Model = new ModelOptions
            {
                Layers = layers,
                Width = 64,
                Heads = 2,
                KeyValueHeads = 2,
                MlpWidth = 128,
                ContextLength = 16,
                VocabularySize = vocabulary
            },
            Precision = precision,
            Lanes = Lanes,
            Schedule = new LearningRateSchedule(3e-3, 2, steps),
            Seed = 5,
        };
        Layout = ModelLayout.Of(Replica.Model);
        Plan = new BatchPlan(seed: 3, Samples, batchSize: 2 * Lanes, Lanes);
        undisturbed = new Lazy<Undisturbed>(() => BareLoop(SkipList.Empty));
    }

    // The same with another schedule.
    private ChaosTraining(ChaosTraining other, LearningRateSchedule schedule)
    {
        (isNoise, Name, Layout, Plan) = (other.isNoise, other.Name, other.Layout, other.Plan);
        Steps = (int)schedule.Steps;
        Replica = other.Replica with { Schedule = schedule };
        undisturbed = new Lazy<Undisturbed>(() => BareLoop(SkipList.Empty));
    }

    public static ChaosTraining BFloat16 { get; } = new("bfloat16", Precision.BFloat16, vocabulary: 61, steps: 14);

    public static ChaosTraining Float32 { get; } = new("float32", Precision.Float32, vocabulary: 61, steps: 14);

    /// <summary>One that takes far longer than any few faults.</summary>
    public static ChaosTraining Long { get; } = new("long", Precision.Float32, vocabulary: 61, steps: 400);

    /// <summary>One with so many parameters that three reducers have a shard each.</summary>
    public static ChaosTraining Wide { get; } = new("wide", Precision.BFloat16, vocabulary: 33_000, steps: 4);

    /// <summary>One with two blocks, in which all that lane 5 of step 30 reads is noise.</summary>
    public static ChaosTraining NoiseInOneLane { get; } =
        new("noise", Precision.Float32, vocabulary: 61, steps: 40, layers: 2, static position => position / 2 == (30 * Lanes) + 5);

    public string Name { get; }

    public int Steps { get; }

    public ReplicaOptions Replica { get; }

    public FlatLayout Layout { get; }

    public BatchPlan Plan { get; }

    public int[] ByteCounts => [.. Enumerable.Repeat(4, Replica.Model.VocabularySize)];

    public long TokensPerStep => (long)Plan.BatchSize * Replica.Model.ContextLength;

    public Undisturbed Undisturbed => undisturbed.Value;

    /// <summary>The same, made longer from a step on.</summary>
    public ChaosTraining Extended(long from, long steps) => new(this, Replica.Schedule.Extended(from, steps));

    public IEnumerable<TokenBatch> Read(IEnumerable<PlannedSample> samples) =>
        Read(samples.Select(planned => (planned.Sample, isNoise(planned.Position))));

    public IEnumerable<TokenBatch> ReadValidation() =>
        Read(Enumerable.Range(Samples, ValidationSamples).Select(static sample => ((long)sample, false)));

    private static double Distance(Tensor from, Tensor to)
    {
        using var scope = NewDisposeScope();
        return (to.to(ScalarType.Float64) - from.to(ScalarType.Float64)).square().sum().sqrt().item<double>();
    }

    private IEnumerable<TokenBatch> Read(IEnumerable<(long Sample, bool IsNoise)> samples)
    {
        foreach (var chunk in samples.Chunk(MicroBatch))
            yield return new TokenBatch([.. chunk.SelectMany(one => one.IsNoise ? Noise(one.Sample) : Text(one.Sample))], chunk.Length,
                Replica.Model.ContextLength);
    }

    private IEnumerable<long> Text(long sample) =>
        Enumerable.Range(0, Replica.Model.ContextLength + 1)
            .Select(i => ((sample * 7919) + (i * (3 + (sample % 5)))) % Replica.Model.VocabularySize);

    private IEnumerable<long> Noise(long sample)
    {
        var random = new Random((int)sample);
        return Enumerable.Range(0, Replica.Model.ContextLength + 1).Select(_ => (long)random.Next(Replica.Model.VocabularySize));
    }

    /// <summary>The bare loop over all steps.</summary>
    /// <param name="skips">What it leaves out from the start.</param>
    /// <param name="look">Shown each step's lane losses, as parts of its loss, its gradient, and the length of the way that the weights
    /// went.</param>
    public Undisturbed BareLoop(SkipList skips, Action<long, IReadOnlyList<double>, GradientSum, double>? look = null)
    {
        Undisturbed? result = null;
        var thread = new Thread(() =>
        {
            ComputeThreads.Set(1);
            using var replica = new Replica(Replica);
            var steps = new List<(double, double)>();
            var validation = new List<double> { ValidationLoss.Measure(replica.Model, ReadValidation(), ByteCounts).Loss };
            for (long step = 0; step < Steps; step++)
            {
                var at = step;
                var losses = new List<double>();
                var total = replica.Gradient(new LaneBlock(0, Lanes), lane => Read(Plan.Samples(at, lane, skips)), TokensPerStep,
                    lane => losses.Add(lane.Loss));
                var measure = total.Measure(step);
                using var before = look is null ? null : replica.Parameters.Weights.clone();
                replica.Apply(total, measure);
                if (before is not null)
                    look!(step, losses, total, Distance(before, replica.Parameters.Weights));
                replica.ReturnGradient(total.Gradient);
                steps.Add((measure.Loss, measure.GradientNorm));
                validation.Add(ValidationLoss.Measure(replica.Model, ReadValidation(), ByteCounts).Loss);
            }

            result = new Undisturbed(replica.HashState(), steps, validation);
        });
        thread.Start();
        thread.WaitToEnd();
        return result!;
    }
}
