using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Run;
using ActorTrain.Models;
using ActorTrain.Models.Optimization;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Runs;

public sealed class TrainerRosterTests
{
    [Fact]
    public void Those_that_are_to_go_compute_only_where_nobody_else_is_left()
    {
        var roster = Roster(2);
        roster[0]!.IsRetiring = true;
        roster.Members().ShouldBe([roster[1]!]);
        roster[1]!.IsRetiring = true;
        roster.Members().Count.ShouldBe(2);
    }

    [Fact]
    public void A_trainer_is_found_in_its_present_life_only()
    {
        var roster = Roster(1);
        roster.Find(new TrainerKey(0, 1)).ShouldBe(roster[0]);
        roster[0]!.Key = new TrainerKey(0, 2);
        roster.Find(new TrainerKey(0, 1)).ShouldBeNull();
        roster.Find(new TrainerKey(7, 1)).ShouldBeNull();
    }

    [Fact]
    public void What_a_trainer_that_is_gone_computed_unproved_is_told_once()
    {
        var roster = Roster(2);
        roster[1]!.UnprovedSince = 5;
        roster.TrustedStep(9).ShouldBe(5);
        roster.Remove(roster[1]!);
        roster.UnprovedBefore(9).ShouldBe(new Dictionary<int, long> { [1] = 5 });
        roster.TakeAbsent(9).ShouldBe([(1, 5L)]);
        roster.TakeAbsent(9).ShouldBeEmpty();
    }

    [Fact]
    public void One_that_no_node_has_room_for_is_taken_for_gone_only_where_it_cannot_be_waited_for()
    {
        var roster = Roster(2);
        (roster[1]!.UnprovedSince, roster[1]!.Standing) = (5, TrainerStanding.Unplaced);
        (roster.CanProve, roster.CanProveNow).ShouldBe((true, false));
        roster.TakeAbsent(9).ShouldBeEmpty();
        roster.TakeAbsent(9, orUnplaced: true).ShouldBe([(1, 5L)]);
        roster.TakeAbsent(9, orUnplaced: true).ShouldBeEmpty();
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        var roster = Roster(1);
        var trainer = roster[0]!;
        roster.Remove(trainer);
        Should.Throw<InvariantException>(() => roster.Remove(trainer));
        roster.Quarantine(0);
        Should.Throw<InvariantException>(() => roster.Add(0));
        Should.Throw<InvariantException>(() => roster.Want(0));
    }

    private static TrainerRoster Roster(int members)
    {
        var options = new RunLogicOptions
        {
            ConfigurationHash = "c",
            Schedule = new LearningRateSchedule(1, 0, 100, 1),
            Lanes = 8,
            Audit = new AuditOptions { Every = 4 }
        };
        var roster = new TrainerRoster(options, RecoveryState.Of([]), RunOrigin.Seed, [], new RunOutput());
        for (var number = 0; number < members; number++)
        {
            var trainer = roster.Add(number);
            (trainer.Key, trainer.Standing) = (new TrainerKey(number, 1), TrainerStanding.Member);
        }

        return roster;
    }
}
