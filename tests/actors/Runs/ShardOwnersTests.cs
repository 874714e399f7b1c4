using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Run;
using ActorTrain.Models.Optimization;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Runs;

public sealed class ShardOwnersTests
{
    private const int Shards = 4;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 2)]
    [InlineData(5, 2)]
    [InlineData(8, 2)]
    public void Each_shard_has_two_owners_where_there_are_two_and_none_has_many_more_than_another(int trainers, int owners)
    {
        var (roster, shards) = World(new string?[trainers]);
        var shares = roster.All.Select(trainer => shards.ShareOf(trainer)!.Numbers).ToList();
        for (var shard = 0; shard < Shards; shard++)
            shares.Count(share => share.Contains(shard)).ShouldBe(owners);
        (shares.Max(static share => share.Count) - shares.Min(static share => share.Count)).ShouldBeLessThanOrEqualTo(2);
    }

    [Theory]
    [InlineData("a", "a", "b", "b")]
    [InlineData("a", "b", "a", "b")]
    [InlineData("a", "a", "a", "b")]
    [InlineData("a", "b", "c")]
    [InlineData("b", "a", "a", "a", "a")]
    public void The_owners_of_a_shard_are_on_different_nodes(params string[] nodes)
    {
        var (roster, shards) = World(nodes);
        for (var shard = 0; shard < Shards; shard++)
        {
            roster.All.Where(trainer => shards.ShareOf(trainer)!.Numbers.Contains(shard)).Select(static trainer => trainer.Node).Distinct()
                .Count().ShouldBe(2, $"shard {shard}");
        }
    }

    [Fact]
    public void A_trainer_that_restarts_keeps_its_share_and_one_that_goes_leaves_it_to_others()
    {
        var (roster, shards) = World(new string?[3]);
        var before = Shares();
        (roster[1]!.Key, roster[1]!.Standing) = (null, TrainerStanding.Starting);
        Shares().ShouldBe(before);
        roster[1]!.IsRetiring = true;
        shards.ShareOf(roster[0]!)!.Numbers.Count.ShouldBe(Shards);
        shards.ShareOf(roster[2]!)!.Numbers.Count.ShouldBe(Shards);

        List<OwnedShards> Shares() => [.. roster.All.Select(trainer => shards.ShareOf(trainer)!)];
    }

    [Fact]
    public void A_state_is_copied_by_its_owners_together_and_the_only_owner_of_a_shard_is_needed()
    {
        var (roster, shards) = World(new string?[4]);
        foreach (var trainer in roster.All)
            (trainer.Shards, trainer.ToldStep) = (shards.ShareOf(trainer), 7);
        shards.SourcesAt(7).SelectMany(static source => source.Part!.Numbers).Order().ShouldBe(Enumerable.Range(0, Shards));
        shards.SourcesAt(7).ShouldAllBe(static source => source.Part!.Numbers.All(source.Trainer.Owns));
        shards.SourcesAt(8).ShouldBeEmpty();
        roster.All.Any(shards.Need).ShouldBeFalse();
        roster[0]!.ForgetState();
        shards.HoldAll.ShouldBeTrue();
        roster.All.Where(shards.Need).ShouldBe([roster[1]!]);
        roster[1]!.ForgetState();
        shards.HoldAll.ShouldBeFalse();
        shards.SourcesAt(7).ShouldBeEmpty();
    }

    private static (TrainerRoster Roster, ShardOwners Shards) World(string?[] nodes)
    {
        var options = new RunLogicOptions
        {
            ConfigurationHash = "c",
            Schedule = new LearningRateSchedule(1, 0, 100, 1),
            Lanes = 8,
            Reducers = Shards,
            DividesOptimizer = true,
        };
        var roster = new TrainerRoster(options, RecoveryState.Of([]), RunOrigin.Seed, [], new RunOutput());
        for (var number = 0; number < nodes.Length; number++)
        {
            var trainer = roster.Add(number);
            (trainer.Key, trainer.Standing, trainer.Node) = (new TrainerKey(number, 1), TrainerStanding.Member, nodes[number]);
        }

        // No round is open.
        return (roster, new ShardOwners(options, roster, null!));
    }
}
