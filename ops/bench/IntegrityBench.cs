using System.Diagnostics;
using ActorTrain.Models;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Tests.Replicas;

namespace ActorTrain.Bench;

/// <summary>The cost of detecting every bit flip in memory: steps that verify everything they read against steps of the same parts without
/// checks, in alternation. Both end with the same bits.</summary>
internal static class IntegrityBench
{
    private const int Rounds = 41;
    private const int Steps = 1;
    private const int Lanes = 8;
    private static readonly LaneBlock All = new(0, Lanes);

    public static void Run(Figures figures)
    {
        Console.WriteLine(
            "\nintegrity: the benchmark model in bf16, batch 8 as 8 lanes, every vector checked or not checked; milliseconds per step");
        var options = new ReplicaOptions
        {
            Model = Trainee.BenchmarkModel,
            Precision = Precision.BFloat16,
            Lanes = Lanes,
            Schedule = Trainee.Schedule,
        };
        using var guarded = new Guarded(options);
        using var bare = new Bare(options);
        guarded.Steps(2);
        bare.Steps(2);
        var times = new List<(double Guarded, double Bare)>();
        for (var round = 0; round < Rounds; round++)
            times.Add(round % 2 == 0 ? (guarded.Steps(Steps), bare.Steps(Steps)) : Turned(bare.Steps(Steps), guarded.Steps(Steps)));
        Console.WriteLine(
            $"  checked {times.Select(static t => t.Guarded).Median():F1}, not checked {times.Select(static t => t.Bare).Median():F1}");

        // The cost of the separate check passes, once a lane has packed the weights.
        guarded.Lane();
        var (lane, weights) = (new List<double>(), new List<double>());
        for (var i = 0; i < 21; i++)
        {
            lane.Add(Time(() => FlatChecksum.Of(guarded.Replica.Parameters.Gradients)));
            weights.Add(Time(guarded.Replica.VerifyWeights));
        }

        Console.WriteLine($"  a gradient's checksum {lane.Median():F2}, the check of the weights and their copies {weights.Median():F2}");
        if (!guarded.Replica.Parameters.Weights.bytes.SequenceEqual(bare.Parameters.Weights.bytes))
            throw new InvalidOperationException("Steps that are checked gave other bits than steps that are not.");
        figures.Add("integrity.cost_percent", 100 * times.Select(static t => t.Guarded / t.Bare - 1).Median());

        static (double, double) Turned(double bare, double guarded) => (guarded, bare);
    }

    private static double Time(Action act)
    {
        var started = Stopwatch.GetTimestamp();
        act();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static TokenBatch[] Batches()
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, Lanes).Select(_ => Trainee.RandomTokens(Trainee.BenchmarkModel, sequences: 1, random))];
    }

    private sealed class Guarded(ReplicaOptions options) : IDisposable
    {
        private readonly TokenBatch[] batches = Batches();
        private long step;

        public Replica Replica { get; } = new(options);

        public double Steps(int count) => Time(() =>
        {
            for (var i = 0; i < count; i++, step++)
            {
                var total = Replica.Gradient(All, lane => [batches[lane]], Lanes * options.Model.ContextLength);
                Replica.VerifyWeights();
                Replica.Commit(step, total);
            }
        }) / count;

        public void Lane() =>
            Replica.ReturnGradient(
                Replica.Gradient(new LaneBlock(0, 1), lane => [batches[lane]], Lanes * options.Model.ContextLength).Gradient);

        public void Dispose() => Replica.Dispose();
    }

    // The same step from the same parts, without checksums except those of the packed weights, which are made in both.
    private sealed class Bare : IDisposable
    {
        private readonly ReplicaOptions options;
        private readonly TokenBatch[] batches = Batches();
        private readonly GradientPool memory;
        private readonly Transformer model;
        private readonly Moments moments;
        private readonly IOptimizer optimizer;
        private readonly LaneTrainer trainer;
        private long step;

        public Bare(ReplicaOptions options)
        {
            this.options = options;
            var layout = ModelLayout.Of(options.Model);
            memory = new GradientPool(layout.Length, 4 * Lanes);
            Parameters = new FlatParameters(layout);
            model = new Transformer(options.Model, Parameters, options.Precision);
            moments = new Moments(Parameters);
            optimizer = options.Optimizer.Build(Parameters, moments);
            trainer = new LaneTrainer(model, new NextToken());
            Initialization.Initialize(Parameters, options.Model, options.Seed);
            Parameters.WeightsChanged();
        }

        public FlatParameters Parameters { get; }

        public double Steps(int count) => Time(() =>
        {
            for (var i = 0; i < count; i++)
                Step();
        }) / count;

        public void Dispose()
        {
            moments.Dispose();
            model.Dispose();
            Parameters.Dispose();
            memory.Dispose();
        }

        private void Step()
        {
            var tree = new LaneTree<TorchSharp.torch.Tensor>(Lanes, (left, right) =>
            {
                FlatSums.Add(left.numel(), left.Address(), right.Address(), left.Address(), new SumReport { Parallel = true });
                memory.Return(right);
                return left;
            });
            for (var lane = 0; lane < Lanes; lane++)
            {
                var gradient = memory.Rent();
                trainer.Compute(gradient, [batches[lane]], Lanes * options.Model.ContextLength);
                tree.Add(new LaneBlock(lane, 1), gradient);
            }

            var total = tree.Total();
            var norm = GradientNorm.Of(total);
            var clip = GradientNorm.ClipFactor(norm, options.Clip);
            optimizer.Apply(new Update(total, step + 1, options.Schedule.At(step)) { ClipFactor = clip });
            memory.Return(total);
            step++;
        }
    }
}
