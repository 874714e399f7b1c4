using System.Security.Cryptography;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Steps;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Steps;

/// <summary>The weights after some steps are bitwise the same whoever computed which lane, in whatever order, on however many threads.</summary>
public sealed class SameBitsTests
{
    private const int Lanes = 8;
    private const int Steps = 4;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<(ModelFamily, Precision, bool), string> Undisturbed = [];

    public static TheoryData<ModelFamily, Precision, bool, int, bool> Splits()
    {
        var data = new TheoryData<ModelFamily, Precision, bool, int, bool>();
        foreach (var (family, precision, fused) in new[]
                 {
                     (ModelFamily.Gpt2, Precision.Float32, true), (ModelFamily.Gpt2, Precision.BFloat16, true), (ModelFamily.Llama, Precision.BFloat16, true),
                     (ModelFamily.Llama, Precision.Float32, false),
                 })
        {
            foreach (var trainers in new[] { 2, 3, 4, 5, 8 })
            {
                data.Add(family, precision, fused, trainers, false);
                data.Add(family, precision, fused, trainers, true);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Splits))]
    public void Any_number_of_trainers_one_after_another_or_at_once_ends_with_the_weights_of_one(
        ModelFamily family, Precision precision, bool fused, int trainers, bool parallel) =>
        Train(family, precision, fused, trainers, parallel, seed: trainers).ShouldBe(OfOneTrainer(family, precision, fused));

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void The_fused_kernels_give_the_same_bits_on_any_number_of_threads(Precision precision)
    {
        var one = OfOneTrainer(ModelFamily.Gpt2, precision, fused: true);
        foreach (var threads in new[] { 2, 3, 4 })
            OnThreads(threads, () => Train(ModelFamily.Gpt2, precision, fused: true, trainers: 1, parallel: false, seed: 0)).ShouldBe(one);
    }

    [Fact]
    public void Other_first_weights_end_elsewhere_so_the_hash_tells_runs_apart() =>
        Train(ModelFamily.Gpt2, Precision.Float32, fused: true, trainers: 1, parallel: false, seed: 0, runSeed: 2)
            .ShouldNotBe(OfOneTrainer(ModelFamily.Gpt2, Precision.Float32, fused: true));

    private static string OfOneTrainer(ModelFamily family, Precision precision, bool fused)
    {
        lock (Gate)
        {
            if (!Undisturbed.TryGetValue((family, precision, fused), out var hash))
                Undisturbed[(family, precision, fused)] = hash = OnThreads(1, () => Train(family, precision, fused, trainers: 1, parallel: false, seed: 0));
            return hash;
        }
    }

    private static string OnThreads(int threads, Func<string> run)
    {
        var result = "";
        var thread = new Thread(() =>
        {
            FusedKernels.SetThreads(threads);
            result = run();
        });
        thread.Start();
        thread.WaitToEnd();
        return result;
    }

    private static ReplicaOptions Options(ModelFamily family, Precision precision, ulong seed) => new()
    {
        Model = ModelOptions.FromDepth(2, family) with
        {
            ContextLength = 24,
            VocabularySize = 101,
            Heads = 4,
            KeyValueHeads = family == ModelFamily.Llama ? 2 : 4,
        },
        Precision = precision,
        Lanes = Lanes,
        Schedule = new LearningRateSchedule(3e-3, 2, 10),
        Seed = seed,
    };

    // One replica per trainer, each on a thread of its own with one torch thread; the sums reach the tree in a random order.
    private static string Train(ModelFamily family, Precision precision, bool fused, int trainers, bool parallel, int seed, ulong runSeed = 1)
    {
        var options = Options(family, precision, runSeed);
        var random = new Random(seed);
        var shares = LaneBlock.Share(Lanes, trainers);
        var replicas = shares.Select(_ => new Replica(options, fused: fused)).ToArray();
        try
        {
            for (var step = 0; step < Steps; step++)
            {
                var sums = new IReadOnlyList<KeyValuePair<LaneBlock, GradientSum>>[trainers];
                void Compute(int i) => sums[i] = replicas[i].Compute(shares[i], lane => MicroBatches(options, step, lane), Lanes * 4L * options.Model.ContextLength);
                if (parallel)
                {
                    var threads = shares.Select((_, i) => new Thread(() =>
                    {
                        FusedKernels.SetThreads(1);
                        set_num_threads(1);
                        Compute(i);
                    })).ToArray();
                    Array.ForEach(threads, static thread => thread.Start());
                    Array.ForEach(threads, static thread => thread.WaitToEnd());
                }
                else
                {
                    for (var i = 0; i < trainers; i++)
                        Compute(i);
                }

                var arrivals = sums.SelectMany(static sum => sum).ToArray();
                random.Shuffle(arrivals);
                var total = replicas[0].Reduce(arrivals);
                var measure = Replica.Measure(step, total);
                foreach (var replica in replicas)
                    replica.Apply(total, measure);
            }

            return Convert.ToHexString(SHA256.HashData(replicas[^1].Parameters.Weights.bytes));
        }
        finally
        {
            foreach (var replica in replicas)
                replica.Dispose();
        }
    }

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
