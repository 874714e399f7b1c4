using System.Runtime.InteropServices;
using ActorTrain.Actors.DataPlane;
using ActorTrain.Actors.Nodes;
using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tests.DataPlane;
using ActorTrain.Actors.Tests.PostTraining;
using ActorTrain.Actors.Tests.Training;
using ActorTrain.Data.Plan;
using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Tests.Nodes;

/// <summary>What a node gets from the process that leads for rollouts, through a real connection.</summary>
public sealed class NodeSourcesTests
{
    private static readonly BatchPlan Plan = new(3, 1000, 4, 4);

    [Theory]
    [InlineData(DataPlaneMedium.Shared)]
    [InlineData(DataPlaneMedium.Tcp)]
    internal void A_node_trains_on_the_rollouts_of_the_process_that_leads_and_copies_them_once(DataPlaneMedium medium)
    {
        var policy = new SimulatedPolicy(Plan);
        var memory = new ExperienceMemory(RolloutSchedule.OnPolicy);
        using var world = new DataPlaneWorld(100, experiences: memory);
        var client = world.Connect("a", medium);
        var node = new NodeExperiences(client, policy.Options.Advantages, policy.Options.Rollouts.MaxTokens);
        var prompts = Plan.Samples(0, SkipList.Empty).ToList();
        long[] positions = [.. prompts.Select(static prompt => prompt.Position)];
        Should.Throw<InvariantException>(() => node.Holding(positions));
        memory.Put(policy.Experience(0, 7, SkipList.Empty));
        var first = node.Holding(positions);
        (first.Hash, first.IsOnPolicy, first.Summary).ShouldBe((memory.Holding(positions).Hash, true, memory.Holding(positions).Summary));
        node.Holding([positions[1]]).ShouldBeSameAs(first);
        node.Tokens(prompts).ShouldBe(memory.Tokens(prompts));

        // Rollouts of other weights take their place, whoever has copied the former.
        memory.Put(policy.Experience(0, 8, SkipList.Empty));
        node.Holding(positions).Hash.ShouldBe(policy.Experience(0, 8, SkipList.Empty).Hash);
        memory.Put(policy.Experience(1, 9, SkipList.Empty));
        node.Holding([.. Plan.Samples(1, SkipList.Empty).Select(static prompt => prompt.Position)]).Hash
            .ShouldBe(policy.Experience(1, 9, SkipList.Empty).Hash);
        world.End(client);
        Should.Throw<DataPlaneException>(() => node.Holding(positions));
    }

    [Theory]
    [InlineData(DataPlaneMedium.Shared)]
    [InlineData(DataPlaneMedium.Tcp)]
    internal void A_node_copies_published_weights_once_for_all_of_its_workers_and_keeps_them_beyond_a_connection(DataPlaneMedium medium)
    {
        var layout = ModelLayout.Of(TinyTraining.Replica.Model);
        using var world = new DataPlaneWorld(layout.Length);
        using var weights = new NodeWeights(layout.Length);
        using var parameters = new FlatParameters(layout);
        var published = Publish(world, step: 3, seed: 1);
        var client = world.Connect("a", medium);
        for (var worker = 0; worker < 3; worker++)
            weights.From(client).Load(published, parameters).ShouldBeNull();
        parameters.Weights.data<float>().ToArray().ShouldBe(Values(1, layout.Length));
        weights.Pulls.ShouldBe(1);
        world.End(client);
        var next = world.Connect("a", medium, incarnation: 2);
        weights.From(next).Load(published, parameters).ShouldBeNull();
        weights.Pulls.ShouldBe(1);

        // No others than those that are meant.
        weights.From(next).Load(published with { Hash = published.Hash + 1 }, parameters)!.ShouldContain("does not hold the weights of step 3");
        var later = Publish(world, step: 4, seed: 2);
        weights.From(next).Load(later, parameters).ShouldBeNull();
        parameters.Weights.data<float>().ToArray().ShouldBe(Values(2, layout.Length));
        weights.Pulls.ShouldBe(2);

        // A bit that was flipped where they are published is found before anybody samples with them.
        using (var snapshot = world.Snapshots.Read(0)!)
            snapshot.Weights.Slice(40, 1)[0] ^= 4;
        weights.From(next).Load(published with { Hash = 1 }, parameters).ShouldNotBeNull();
        weights.From(next).Load(later, parameters)!.ShouldContain("changed in memory");

        // Weights that cannot be reached are not gone.
        world.End(next);
        Should.Throw<DataPlaneException>(() => weights.From(next).Load(later, parameters));
    }

    private static PublishedWeights Publish(DataPlaneWorld world, long step, int seed)
    {
        using var writer = world.Snapshots.Write(0, step);
        var values = Values(seed, writer.Weights.Length / sizeof(float));
        MemoryMarshal.AsBytes<float>(values).CopyTo(writer.Weights.Slice(0, checked((int)writer.Weights.Length)));
        var hash = StateHash.Of(writer.Weights, writer.FirstMoment, writer.SecondMoment);
        writer.Complete(hash).ShouldBeTrue();
        return new PublishedWeights(step, 0, hash);
    }

    private static float[] Values(int seed, long length)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, (int)length).Select(_ => random.NextSingle())];
    }
}
