using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Reduction;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Actors.Training;
using ActorTrain.Chaos;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Tests.Replicas;
using Akka.Configuration;

namespace ActorTrain.Actors.Tests.Training;

/// <summary>A model so small that a step takes milliseconds, random text to train it on, and all that its trainers work with.</summary>
internal sealed class TinyTraining : IDisposable
{
    public const int Lanes = 8;
    private const int MicroBatch = 2;

    /// <summary>Settings of an actor system on a machine that may have much else to do. Each message is written and read again on its way,
    /// as between processes.</summary>
    public static Config Settings { get; } = ConfigurationFactory.ParseString($"""
        akka.actor.guardian-supervisor-strategy = "{typeof(RestartAlways).FullName}, {typeof(RestartAlways).Assembly.GetName().Name}"
        akka.logger-startup-timeout = 60s
        akka.actor.serialize-messages = on
        """).WithFallback(FaultyMailbox.Configuration).WithFallback(ActorSettings.All);

    public static readonly ReplicaOptions Replica = new()
    {
        Model = ModelOptions.FromDepth(1) with { ContextLength = 12, VocabularySize = 61, Heads = 2, KeyValueHeads = 2 },
        Precision = Precision.BFloat16,
        Lanes = Lanes,
        Schedule = new LearningRateSchedule(3e-3, 2, 20),
        Seed = 5,
    };

    public static readonly FlatLayout Layout = ModelLayout.Of(Replica.Model);
    public static readonly int[] ByteCounts = [.. Enumerable.Repeat(4, Replica.Model.VocabularySize)];
    public static readonly BatchPlan Plan = new(seed: 3, samples: 100, batchSize: 4 * Lanes, Lanes);

    public TinyTraining(int reducers = 1, int trainers = Lanes)
    {
        Transport =
            new LocalGradientTransport(Layout.Length, Lanes, reducers, LocalGradientTransport.CapacityFor(Lanes, trainers, totalsKept: 3));
        Snapshots = new SnapshotMemory(Layout.Length, slots: 2);
    }

    public LocalGradientTransport Transport { get; }

    public SnapshotMemory Snapshots { get; }

    public ReplicaDeviceOptions Options => new()
    {
        Replica = Replica,
        Plan = Plan,
        Samples = Samples,
        Validation = static () => Samples(Enumerable.Range(90, 7).Select(static sample => new PlannedSample(sample, 0, sample))),
        ByteCounts = ByteCounts,
        Transport = Transport,
        Snapshots = Snapshots,
    };

    public static long TokensPerStep => Plan.BatchSize * (long)Replica.Model.ContextLength;

    public ReplicaDevice MakeDevice() => new(Options);

    /// <summary>Hash of the state after some steps of the bare loop, on one thread of its own.</summary>
    public static ulong BareLoop(int steps, int threads = 1)
    {
        ulong hash = 0;
        var thread = new Thread(() =>
        {
            ComputeThreads.Set(threads);
            using var replica = new Replica(Replica);
            for (long step = 0; step < steps; step++)
            {
                var at = step;
                replica.Commit(step,
                    replica.Gradient(new LaneBlock(0, Lanes), lane => Samples(Plan.Samples(at, lane, SkipList.Empty)), TokensPerStep));
            }

            hash = replica.HashState();
        });
        thread.Start();
        thread.WaitToEnd();
        return hash;
    }

    public static IEnumerable<TokenBatch> Samples(IEnumerable<PlannedSample> samples)
    {
        var context = Replica.Model.ContextLength;
        foreach (var chunk in samples.Chunk(MicroBatch))
        {
            yield return new TokenBatch(
                [.. chunk.SelectMany(sample => Enumerable.Range(0, context + 1)
                    .Select(i => (sample.Sample * 7919 + i * (3 + sample.Sample % 5)) % Replica.Model.VocabularySize))],
                chunk.Length, context);
        }
    }

    public void Dispose()
    {
        Transport.Dispose();
        Snapshots.Dispose();
    }
}
