using System.Runtime.InteropServices;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Data.Plan;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Actors.Tests.Training;

/// <summary>A device that begins with trained weights.</summary>
public sealed class ReplicaDeviceBaseTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("actortrain-base-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_first_weights_are_those_of_the_base_and_a_damaged_one_is_refused()
    {
        using var weights = new HostBuffer(TinyTraining.Layout.Length * sizeof(float));
        var random = new Random(1);
        foreach (ref var value in MemoryMarshal.Cast<byte, float>(weights.Slice(0, (int)weights.Length)))
            value = random.NextSingle();
        var given = new BaseWeights(Path.Combine(folder, "base"), WeightsDigest.Of(TinyTraining.Layout, weights));
        given.Write(TinyTraining.Layout, weights);

        using var training = new TinyTraining();
        using var device = new ReplicaDevice(training.Options with { Base = given });
        device.Load(new FreshState(), 0, null).ShouldBeNull();
        device.Replica.Parameters.Weights.bytes.SequenceEqual(weights.Slice(0, (int)weights.Length)).ShouldBeTrue();

        var file = Path.Combine(folder, "base", "model.safetensors");
        var bytes = File.ReadAllBytes(file);
        bytes[^9] ^= 1;
        File.WriteAllBytes(file, bytes);
        device.Load(new FreshState(), 0, null).ShouldNotBeNull().ShouldContain("damaged");
    }

    [Fact]
    public void Targets_are_counted_over_all_samples_of_the_step_whatever_lanes_it_computes()
    {
        using var training = new TinyTraining();
        List<long> asked = [];
        using var device = new ReplicaDevice(training.Options with
        {
            Targets = samples =>
            {
                PlannedSample[] all = [.. samples];
                all.ShouldBe(TinyTraining.Plan.Samples(0, SkipList.Empty));
                asked.Add(all.Length);
                return TinyTraining.TokensPerStep;
            },
        });
        device.Load(new FreshState(), 0, null).ShouldBeNull();
        device.Begin(new LaneBlock(2, 2));
        device.ComputeLanes(0, new LaneBlock(2, 1), SkipList.Empty, isRedundant: false);
        device.ComputeLanes(0, new LaneBlock(3, 1), SkipList.Empty, isRedundant: false);
        device.GiveUp();

        // Once for all lanes of a step.
        asked.ShouldBe([TinyTraining.Plan.BatchSize]);
    }
}
