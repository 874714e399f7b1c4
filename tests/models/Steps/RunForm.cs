using System.Globalization;
using System.Security.Cryptography;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Steps;
using ActorTrain.Tests.Replicas;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Steps;

/// <summary>A form that a training run can take on a CPU.</summary>
/// <param name="Family">Layers.</param>
/// <param name="Precision">Of matrix products.</param>
/// <param name="Fused">The fused kernels, or the reference form on libtorch.</param>
/// <param name="Guarded">Whether everything that guards a run against spikes is at work: each does arithmetic of its own.</param>
public sealed record RunForm(ModelFamily Family, Precision Precision, bool Fused, bool Guarded)
{
    private const int Lanes = 8;
    private const int Steps = 3;

    // Numbers of updates, on both sides of a reset of the moments and late enough for spike-aware clipping.
    private const int First = 24, ResetEvery = 26;

    public static IReadOnlyList<RunForm> All { get; } =
    [
        .. from family in Enum.GetValues<ModelFamily>()
           from precision in Enum.GetValues<Precision>()
           from fused in new[] { true, false }
           from guarded in new[] { false, true }
           select new RunForm(family, precision, fused, guarded),
    ];

    public override string ToString() => $"{Family} {Precision} {(Fused ? "fused" : "reference")}{(Guarded ? " guarded" : "")}"
        + (Scaling is RopeScalingType.None ? "" : $" {Scaling}");

    /// <summary>Trains for some steps, measures as a run does, and hashes every bit that came out.</summary>
    /// <param name="split">How the work is shared out.</param>
    /// <param name="seed">Seed of the first weights.</param>
    public string Train(Split split, ulong seed = 1)
    {
        var options = Options(seed);
        var random = new Random(split.Seed);
        var held = Enumerable.Range(0, random.Next(20)).Select(_ => empty(random.Next(1, 50_000))).ToList();
        var shares = LaneBlock.Share(Lanes, split.Trainers);
        var replicas = shares.Select(_ => new Replica(options, fused: Fused, recompute: split.Recompute)).ToArray();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            for (var step = 0; step < Steps; step++)
            {
                var sums = new (LaneBlock Block, GradientSum Sum)[split.Trainers][];
                var tokens = Lanes * 4L * options.Model.ContextLength;
                split.Run(i => sums[i] =
                    [.. shares[i].Select(
                        block => (block, replicas[i].Gradient(block, lane => MicroBatches(options, step, lane), tokens)))]);
                var arrivals = sums.SelectMany(static sum => sum).ToArray();
                random.Shuffle(arrivals);
                var tree = new LaneTree<GradientSum>(Lanes, GradientSum.Add);
                foreach (var (block, sum) in arrivals)
                    tree.Add(block, sum);
                var total = tree.Total();
                var measure = total.Measure(First + step);
                var (norm, parts) = new TensorNorms(replicas[0].Parameters.Layout).Measure(total.Gradient);
                var (previews, updates) = (new double[split.Trainers], new double[split.Trainers]);
                split.Run(i =>
                {
                    previews[i] = replicas[i].Preview(total, measure);
                    updates[i] = replicas[i].Apply(total, measure, Adjustment(replicas[i], step));
                });
                for (var i = 0; i < split.Trainers; i++)
                {
                    foreach (var (_, sum) in sums[i])
                        replicas[i].ReturnGradient(sum.Gradient);
                }

                previews.ShouldAllBe(preview => preview.Equals(previews[0]));
                updates.ShouldAllBe(update => update.Equals(updates[0]));
                foreach (var value in (double[])[total.Loss, measure.GradientNorm, norm, .. parts.Tensors, previews[0], updates[0]])
                    hash.AppendData(BitConverter.GetBytes(value));
            }

            var losses = new double[split.Trainers];
            split.Run(i => losses[i] = ValidationLoss.Measure(replicas[i].Model, MicroBatches(options, Steps, 0),
                [.. Enumerable.Repeat(1, options.Model.VocabularySize)]).Loss);
            losses.ShouldAllBe(loss => loss.Equals(losses[0]));
            hash.AppendData(BitConverter.GetBytes(losses[0]));
            var states = replicas.Select(static replica => replica.HashState()).ToList();
            states.ShouldAllBe(state => state == states[0]);
            hash.AppendData(BitConverter.GetBytes(states[0]));
            return Convert.ToHexString(hash.GetHashAndReset());
        }
        finally
        {
            foreach (var replica in replicas)
                replica.Dispose();
            held.ForEach(static tensor => tensor.Dispose());
        }
    }

    // Of the rotary frequencies: a type for every two forms, so that there are no more forms than without.
    private RopeScalingType Scaling => (Family, Precision, Guarded) switch
    {
        (ModelFamily.Llama, Precision.Float32, true) => RopeScalingType.Llama3,
        (ModelFamily.Llama, Precision.BFloat16, false) => RopeScalingType.Yarn,
        (ModelFamily.Llama, Precision.BFloat16, true) => RopeScalingType.Linear,
        _ => RopeScalingType.None,
    };

    private ReplicaOptions Options(ulong seed) => new()
    {
        Model = ModelOptions.FromDepth(2, Family) with
        {
            Layers = 1,
            ContextLength = 24,
            VocabularySize = 101,
            Heads = 4,
            KeyValueHeads = Family == ModelFamily.Llama ? 2 : 4,
            RopeScaling = RopeScalings.Of(Scaling),
        },
        Precision = Precision,
        Lanes = Lanes,
        Schedule = new LearningRateSchedule(3e-3, 2, 10),
        Seed = seed,
        EmbeddingShrink = Guarded ? 0.1 : 1,
        Optimizer = !Guarded ? new OptimizerOptions() : new OptimizerOptions
        {
            UpdateClipping = true,
            Spam = new SpamOptions { SpikeThreshold = 2, ResetEvery = ResetEvery },
        },
    };

    private UpdateAdjustment Adjustment(Replica replica, int step) => !Guarded ? UpdateAdjustment.None : new UpdateAdjustment
    {
        ClipTo = 0.5,
        TensorFactors = [.. replica.Parameters.Layout.Entries.Select(static (_, i) => 1 - 0.01 * i)],
        ResetMomentum = step == 0,
    };

    private static IEnumerable<TokenBatch> MicroBatches(ReplicaOptions options, int step, int lane)
    {
        for (var micro = 0; micro < 2; micro++)
        {
            var random = new Random(1_000_003 * step + 1_009 * lane + micro);
            var context = options.Model.ContextLength;
            long[] tokens = [.. Enumerable.Range(0, 2 * (context + 1)).Select(_ => (long)random.Next(options.Model.VocabularySize))];
            yield return new TokenBatch(tokens, 2, context);
        }
    }
}

/// <summary>How the work of a run is shared out, and what its threads did before.</summary>
/// <param name="Trainers">How many share the lanes.</param>
/// <param name="AtOnce">Each on a thread of its own, or one after another.</param>
/// <param name="Threads">Threads of each.</param>
/// <param name="Ambient">Threads that libtorch was given on the same thread last.</param>
/// <param name="Seed">Seed of the order in which sums arrive, and of where memory lies.</param>
/// <param name="Recompute">Activations that are computed again; the reference form keeps all.</param>
public sealed record Split(int Trainers, bool AtOnce, int Threads, int Ambient, int Seed, Recompute Recompute = Recompute.None)
{
    public static Split One { get; } = new(1, AtOnce: false, Threads: 1, Ambient: 1, Seed: 0);

    public static Split Draw(int trainers, int seed)
    {
        var random = new Random(seed);
        return new Split(trainers, random.Next(2) == 1, random.Next(1, 5), random.Next(1, 5), seed, (Recompute)random.Next(3));
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture,
            $"{Trainers} trainers {(AtOnce ? "at once" : "one after another")}, {Threads} threads each, libtorch {Ambient} before, "
            + $"recompute {Recompute}, seed {Seed}");

    /// <summary>Has each trainer do something.</summary>
    public void Run(Action<int> act)
    {
        var failures = new Exception?[Trainers];
        var threads = Enumerable.Range(0, Trainers).Select(i => new Thread(() =>
        {
            try
            {
                ComputeThreads.Set(Threads);
                set_num_threads(Ambient);
                act(i);
            }
            catch (Exception exception)
            {
                failures[i] = exception;
            }
        })).ToList();
        foreach (var thread in threads)
        {
            thread.Start();
            if (!AtOnce)
                thread.WaitToEnd();
        }

        threads.ForEach(static thread => thread.WaitToEnd());
        if (failures.FirstOrDefault(static failure => failure is not null) is { } failure)
            throw new InvalidOperationException($"A trainer failed: {failure.Message}", failure);
    }
}
