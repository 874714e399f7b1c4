using ActorTrain.Chaos.Tests.Schedules;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Steps;
using ActorTrain.Tests.Replicas;
using static TorchSharp.torch;

namespace ActorTrain.Chaos.Tests.World;

/// <summary>Training on made-up text.</summary>
internal sealed class ChaosText : ChaosTraining
{
    public const int Lanes = 8;
    private const int MicroBatch = 2;
    private const int Samples = 100;
    private const int ValidationSamples = 4;
    private readonly Func<long, bool> isNoise;

    private ChaosText(string name, Precision precision, int vocabulary, int steps, int layers = 1, Func<long, bool>? isNoise = null)
        : this(name, new ReplicaOptions
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
        }, isNoise ?? (static _ => false))
    {
    }

    private ChaosText(string name, ReplicaOptions replica, Func<long, bool> isNoise)
        : base(name, replica, new BatchPlan(seed: 3, Samples, batchSize: 2 * Lanes, Lanes)) => this.isNoise = isNoise;

    public static ChaosText BFloat16 { get; } = new("bfloat16", Precision.BFloat16, vocabulary: 61, steps: 14);

    public static ChaosText Float32 { get; } = new("float32", Precision.Float32, vocabulary: 61, steps: 14);

    /// <summary>One that takes far longer than any few faults.</summary>
    public static ChaosText Long { get; } = new("long", Precision.Float32, vocabulary: 61, steps: 400);

    /// <summary>One with so many parameters that three reducers have a shard each.</summary>
    public static ChaosText Wide { get; } = new("wide", Precision.BFloat16, vocabulary: 33_000, steps: 4);

    /// <summary>One with two blocks, in which all that lane 5 of step 30 reads is noise.</summary>
    public static ChaosText NoiseInOneLane { get; } =
        new("noise", Precision.Float32, vocabulary: 61, steps: 40, layers: 2, static position => position / 2 == (30 * Lanes) + 5);

    public int[] ByteCounts => [.. Enumerable.Repeat(4, Replica.Model.VocabularySize)];

    public override long TokensPerStep => (long)Plan.BatchSize * Replica.Model.ContextLength;

    /// <summary>The same, made longer from a step on.</summary>
    public ChaosText Extended(long from, long steps) =>
        new(Name, Replica with { Schedule = Replica.Schedule.Extended(from, steps) }, isNoise);

    public override ChaosData Open(ChaosPlace place, RandomSchedule schedule) => new(Read)
    {
        Validation = ReadValidation,
        ByteCounts = ByteCounts,
    };

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

    protected override Undisturbed BareLoop() => BareLoop(SkipList.Empty);

    /// <summary>The bare loop over all steps.</summary>
    /// <param name="skips">What it leaves out from the start.</param>
    /// <param name="look">Shown each step's lane losses, as parts of its loss, its gradient, and the length of the way that the weights
    /// went.</param>
    public Undisturbed BareLoop(SkipList skips, Action<long, IReadOnlyList<double>, GradientSum, double>? look = null) => Alone(() =>
    {
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

        return new Undisturbed(replica.HashState(), steps, validation);
    });
}
