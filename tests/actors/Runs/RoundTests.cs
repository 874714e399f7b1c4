using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Runs;

/// <summary>An attempt at a step, and the votes on what is computed more than once.</summary>
public sealed class RoundTests
{
    private static readonly Round First = new(1, 7), Second = new(2, 7);
    private static readonly TrainerKey A = new(0, 1), B = new(1, 1), C = new(2, 4), D = new(3, 1);
    private static readonly StepSignals Signals = new() { Step = 7, Loss = 1, GradientNorm = 1 };

    [Fact]
    public void A_round_is_reduced_once_all_lanes_and_all_shards_are_in_and_each_counts_once()
    {
        var round = new RoundState(First, lanes: 4, reducers: 2);
        round.Add(Computed(First, A, 0, 2));
        (round.LanesAreDone, round.IsReduced).ShouldBe((false, false));
        round.Add(Computed(First, B, 2, 2));
        (round.LanesAreDone, round.IsReduced).ShouldBe((true, false));
        round.Add(new ShardReduced(1, First, [9]));
        round.Add(new ShardReduced(1, First, [9]));
        (round.IsReduced, round.IsReducedBy(0), round.IsReducedBy(1)).ShouldBe((false, false, true));
        round.Add(new ShardReduced(0, First, [16]));
        (round.IsReduced, round.GradientNorm).ShouldBe((true, 5));
        round.Positions.ShouldBe([0, 1, 2, 3]);
    }

    [Fact]
    public void What_cannot_be_of_a_round_is_refused()
    {
        var round = new RoundState(First, lanes: 2, reducers: 1);
        Should.Throw<InvariantException>(() => round.Add(Computed(Second, A, 0, 2)));
        Should.Throw<InvariantException>(() => round.Add(new ShardReduced(0, Second, [1])));
        Should.Throw<InvariantException>(round.Replay);
        Should.Throw<InvariantException>(() => round.Signals = Signals);
        round.Add(Computed(First, A, 0, 2));
        Should.Throw<InvariantException>(() => round.Signals = Signals);
        round.Add(new ShardReduced(0, First, [1]));
        var judgement = new Judgement(null, UpdateAdjustment.None, SpikeMemory.Empty, SpikeMemory.Empty);
        Should.Throw<InvariantException>(() => round.Judgement = judgement);
        round.Signals = round.Measure(tokens: 8, norms: null);
        round.Judgement = judgement;
        round.Replay();
        Should.Throw<InvariantException>(round.Replay);
    }

    [Fact]
    public void A_trainer_that_contradicts_itself_is_the_outlier_whatever_others_say()
    {
        var check = new RoundCheck(new LaneBlock(0, 1));
        check.Vote(A, 1);
        check.Vote(B, 2);
        check.FindOutliers().ShouldBeNull("one word against another");
        check.Vote(B, 3);
        check.FindOutliers().ShouldBe([B]);
        check.Vote(A, 4);
        check.FindOutliers()!.ShouldBe([A, B], ignoreOrder: true);
    }

    [Fact]
    public void More_trainers_are_believed_before_fewer_and_two_that_insist_leave_it_undecided()
    {
        var check = new RoundCheck(new LaneBlock(0, 1));
        check.Vote(A, 1);
        check.Agrees.ShouldBeFalse("one vote is not enough");
        check.Vote(B, 2);
        check.Vote(A, 1);
        check.FindOutliers().ShouldBeNull();
        check.Vote(B, 2);
        check.FindOutliers()!.ShouldBe([A, B], ignoreOrder: true);
        check.Vote(C, 2);
        check.FindOutliers().ShouldBe([A]);
        check.Vote(D, 1);
        check.FindOutliers().ShouldBeNull("two against two, of whom not all were asked twice");
        check.Agrees.ShouldBeFalse();
    }

    [Fact]
    public void Votes_that_agree_are_enough_once_there_are_as_many_as_needed()
    {
        var check = new RoundCheck(null) { Needed = 1 };
        check.Vote(A, RoundCheck.HashOf(0.5));
        (check.Agrees, RoundCheck.NormOf(check.Hash)).ShouldBe((true, 0.5));
        check.Needed = 3;
        check.Vote(A, RoundCheck.HashOf(0.5));
        check.Agrees.ShouldBeFalse();
        check.Vote(B, RoundCheck.HashOf(0.5));
        check.Agrees.ShouldBeTrue();
        check.FindOutliers().ShouldBeNull();
        check.Voters.ShouldBe([A, B]);
    }

    private static BlockComputed Computed(Round round, TrainerKey trainer, int first, int count) => new(trainer, new Ticket(1, round),
        new LaneBlock(first, count), new BlockResult(1, [.. Enumerable.Repeat(1.0, count)], [.. Enumerable.Range(first, count)], 0));
}
