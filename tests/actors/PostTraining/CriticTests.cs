using ActorTrain.Actors.PostTraining;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Actors.Training;
using ActorTrain.Models;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Journal;
using static TorchSharp.torch;

namespace ActorTrain.Actors.Tests.PostTraining;

/// <summary>The values of rollouts: who is asked for them, and with which weights they are computed.</summary>
public sealed class CriticTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly PublishedWeights Published = new(Step: 3, Slot: 1, Hash: 77);
    private static readonly Rollout Sampled = new([4, 5], [-1, -2], HasEnded: true);
    private readonly RolloutsLogic logic = new(new RolloutsOptions
    {
        Prompts = static (_, _) => [new Prompt(8, [1, 2])],
        Rollouts = new RolloutOptions { Samples = 1 },
        Advantages = new AdvantageOptions { Estimator = AdvantageEstimator.Gae },
        Critics = 1,
        Supervision = new TrainerSupervisorOptions(),
    });

    private IReadOnlyList<RolloutsEffect> last = [];

    [Fact]
    public void A_step_waits_for_values_which_a_critic_is_asked_for_with_the_weights_that_sampled()
    {
        Sample();
        var asked = Judge(ActorRole.Critic);
        asked.Weights.ShouldBe(Published);
        asked.Rollouts.ShouldBe([Sampled]);
        Scored().ShouldNotContain(static effect => effect is TellLedger);

        var kept = logic.Handle(new ValuesEstimated(new ActorId(ActorRole.Critic), 1, 8, 0, [[0.5f, 0.25f]]), Noon)
            .OfType<TellLedger>().ShouldHaveSingleItem().Command.ShouldBeOfType<KeepRollouts>().Rollouts;
        kept.Groups[0].Samples[0].Values.ShouldBe([0.5f, 0.25f]);
        var given = logic.Handle(new RolloutsKept(1), Noon).OfType<HandOver>().ShouldHaveSingleItem();
        given.Experience.Summary.ValueLoss.ShouldNotBeNull();
    }

    [Fact]
    public void Values_of_a_lost_critic_are_asked_of_its_next_life()
    {
        Sample();
        Judge(ActorRole.Critic);
        logic.Ended(new ActorId(ActorRole.Critic), new LifeFailure("killed"), Noon)
            .ShouldContain(static effect => effect is TellRunOf && ((TellRunOf)effect).Report is WorkerLost);
        last = logic.Tick(logic.NextTick!.Value);
        last.ShouldContain(new SpawnWorker(new ActorId(ActorRole.Critic, Life: 2)));
        Judge(ActorRole.Critic, life: 2).Rollouts.ShouldBe([Sampled]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Rollouts_that_were_kept_without_values_are_sampled_again(bool hasValues)
    {
        logic.Begin(Noon);
        logic.Handle(new PrepareExperience(1, 1, 3, Published, SkipList.Empty), Noon);
        var scored = new ScoredRollout(Sampled, new RolloutScore(1, [1]), []) { Values = hasValues ? [0.5f, 0.25f] : [] };
        var effects = logic.Handle(
            new RolloutsRead(1, new StepRollouts(3, Published.Hash, [new RolloutGroup(8, [1, 2], [scored])])), Noon);
        effects.OfType<HandOver>().Any().ShouldBe(hasValues);
        effects.OfType<TellWorker>().Any(static told => told.Command is GenerateRollouts).ShouldBe(!hasValues);
    }

    [Fact]
    public void A_critic_computes_with_its_part_of_the_published_weights_and_no_others()
    {
        var model = ModelOptions.FromDepth(1) with { ContextLength = 12, VocabularySize = 61, Heads = 2, KeyValueHeads = 2, Critic = true };
        using var replica = new Replica(new ReplicaOptions
        {
            Model = model, Precision = Precision.Float32, Schedule = new LearningRateSchedule(1e-3, 1, 10), Seed = 3,
        });
        using (no_grad())
            replica.Parameters["critic.score.bias"].Parameter.fill_(1.5);
        using var memory = new SnapshotMemory(replica.Parameters.Layout.Length, slots: 2);
        ulong hash;
        using (var writer = memory.Write(1, 3))
        {
            hash = StateHash.Of(replica.Parameters.Weights, replica.FirstMoment, replica.SecondMoment);
            replica.Parameters.Weights.CopyTo(writer.Weights);
            replica.FirstMoment.CopyTo(writer.FirstMoment);
            replica.SecondMoment.CopyTo(writer.SecondMoment);
            writer.Complete(hash).ShouldBeTrue();
        }

        using var device = new CriticDevice(model, Precision.Float32, microBatch: 2, new SnapshotWeights(memory));
        var order = new JudgeRollouts(1, new PublishedWeights(3, 1, hash), 8, [1, 2], [Sampled, new Rollout([9], [-1], true)], 0);

        device.Begin(order with { Weights = order.Weights with { Hash = hash + 1 } }).ShouldNotBeNull();
        device.HasWork.ShouldBeFalse();
        device.Begin(order).ShouldBeNull();
        var found = device.Advance().ShouldHaveSingleItem().ShouldBeOfType<ValuesEstimated>();
        found.Values.Select(static values => values.Count).ShouldBe([2, 1]);
        found.Values.SelectMany(static values => values).ShouldAllBe(static value => value == 1.5f);
        device.HasWork.ShouldBeFalse();
    }

    private void Sample()
    {
        logic.Begin(Noon);
        logic.Handle(new PrepareExperience(1, 1, 3, Published, SkipList.Empty), Noon);
        logic.Handle(new RolloutsRead(1, null), Noon);
        last = logic.Handle(new RolloutDone(new ActorId(ActorRole.Rollout), 1, 8, 0, 0, Sampled, Published.Hash), Noon);
    }

    private IReadOnlyList<RolloutsEffect> Scored() =>
        logic.Handle(new RewardsScored(new ActorId(ActorRole.Reward), 1, 8, 0, [new RolloutScore(1, [1])]), Noon);

    private JudgeRollouts Judge(ActorRole role, int life = 1) => last.OfType<TellWorker>()
        .Where(told => told.Worker == new ActorId(role, Life: life)).ShouldHaveSingleItem().Command.ShouldBeOfType<JudgeRollouts>();
}
