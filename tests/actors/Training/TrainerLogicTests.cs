using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Actors.Training;
using ActorTrain.Models.Evaluation;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;

namespace ActorTrain.Actors.Tests.Training;

public sealed class TrainerLogicTests : IDisposable
{
    private static readonly TrainerKey Key = new(1, 2);
    private static readonly Round Round = new(10, 4);
    private static readonly Ticket Ticket = new(3, Round);
    private static readonly LoadState LoadFour = new(new SnapshotState(0, 99), 4, 1);

    private readonly RecordingDevice device = new();
    private readonly List<TrainerReport> reports = [];
    private readonly TrainerLogic trainer;

    public TrainerLogicTests() => trainer = new TrainerLogic(Key, device, reports.Add);

    public void Dispose() => device.Dispose();

    [Fact]
    public void Lanes_are_computed_one_at_a_time_block_after_block_and_each_block_is_published()
    {
        trainer.Handle(LoadFour);
        trainer.Handle(Compute(Ticket, new LaneBlock(0, 2), new LaneBlock(6, 1)));
        Drain().ShouldBe(3);
        device.Log.ShouldBe(["load 4", "begin {0-1}", "lane 0", "lane 1", "publish 10", "begin {6}", "lane 6", "publish 10"]);
        Told(
            new StateLoaded(Key, 4, 1), new LaneComputed(Key, Ticket, 0), new LaneComputed(Key, Ticket, 1),
                Computed(Ticket, new LaneBlock(0, 2)),
            new LaneComputed(Key, Ticket, 6), Computed(Ticket, new LaneBlock(6, 1)));
    }

    [Fact]
    public void A_device_that_can_computes_several_lanes_at_once_but_those_to_be_hashed_alone()
    {
        device.LanesAtOnce = 4;
        trainer.Handle(LoadFour);
        trainer.Handle(Compute(Ticket, new LaneBlock(0, 8), new LaneBlock(10, 2)) with { RedundantLanes = [6] });
        Drain().ShouldBe(5);
        device.Log.ShouldBe(
        [
            "load 4", "begin {0-7}", "lane {0-3}", "lane {4-5}", "lane 6 hashed", "lane 7", "publish 10", "begin {10-11}", "lane {10-11}",
            "publish 10",
        ]);
        reports.OfType<LaneComputed>().Select(static report => report.Lane).ShouldBe([0, 1, 2, 3, 4, 5, 6, 7, 10, 11]);
    }

    [Fact]
    public void A_repeated_command_is_answered_and_not_obeyed_again()
    {
        var block = new LaneBlock(0, 1);
        trainer.Handle(LoadFour);
        trainer.Handle(LoadFour);
        trainer.Handle(Compute(Ticket, block));
        trainer.Handle(Compute(Ticket, block));
        Drain();
        trainer.Handle(Compute(Ticket, block));
        trainer.Handle(new CopyState(2, 4, 1));
        trainer.Handle(new CopyState(2, 4, 1));
        trainer.Handle(new Evaluate(4));
        Drain();
        trainer.Handle(new Evaluate(4));
        trainer.Handle(new ApplyUpdate(Round, 1.5, UpdateAdjustment.None));
        trainer.Handle(new ApplyUpdate(Round, 1.5, UpdateAdjustment.None));
        trainer.Handle(LoadFour);
        trainer.Step.ShouldBe(5);
        device.Log.ShouldBe(["load 4", "begin {0}", "lane 0", "publish 10", "copy 2", "evaluate", "batch", "batch", "apply 10 1.5"]);
        reports.Count(static report => report is StateLoaded).ShouldBe(3);
        reports.Count(static report => report is LaneComputed).ShouldBe(1);
        reports.Count(static report => report is BlockComputed).ShouldBe(2);
        reports.Count(static report => report is StateCopied { Slot: 2, Step: 4 }).ShouldBe(2);
        reports.Count(static report => report is EvaluationProgressed).ShouldBe(2);
        reports.Count(static report => report is Evaluated { Step: 4 }).ShouldBe(2);
        reports.Count(static report => report is UpdateApplied).ShouldBe(2);
    }

    [Fact]
    public void What_it_cannot_obey_at_its_step_is_answered_with_the_step_it_is_at()
    {
        trainer.Handle(Compute(Ticket, new LaneBlock(0, 1)));
        trainer.Handle(LoadFour);
        trainer.Handle(Compute(new Ticket(3, new Round(11, 5)), new LaneBlock(0, 1)));
        trainer.Handle(new ApplyUpdate(new Round(9, 3), 1, UpdateAdjustment.None));
        trainer.Handle(new CopyState(0, 5, 1));
        trainer.Handle(new Evaluate(3));
        trainer.HasWork.ShouldBeFalse();
        Told(
            new AtAnotherStep(Key, -1, null), new StateLoaded(Key, 4, 1), new AtAnotherStep(Key, 4, 1), new AtAnotherStep(Key, 4, 1),
            new AtAnotherStep(Key, 4, 1), new AtAnotherStep(Key, 4, 1));
    }

    [Fact]
    public void More_lanes_of_the_same_round_come_on_top_and_each_is_answered_under_the_ticket_it_was_asked_with()
    {
        var later = Ticket with { Generation = 4 };
        trainer.Handle(LoadFour);
        trainer.Handle(Compute(Ticket, new LaneBlock(0, 2)));
        trainer.Work();
        trainer.Handle(Compute(later, new LaneBlock(2, 1), new LaneBlock(0, 2)));
        Drain();
        device.Log.Count(static line => line.StartsWith("lane", StringComparison.Ordinal)).ShouldBe(3);
        reports.OfType<BlockComputed>().Select(static report => (report.Ticket, report.Block)).ShouldBe(
            [(Ticket, new LaneBlock(0, 2)), (later, new LaneBlock(0, 2)), (later, new LaneBlock(2, 1))]);
    }

    [Fact]
    public void A_new_round_of_the_same_step_ends_what_was_under_way_and_an_old_one_is_passed_over()
    {
        var again = new Ticket(3, new Round(11, 4));
        trainer.Handle(LoadFour);
        trainer.Handle(Compute(Ticket, new LaneBlock(0, 4)));
        trainer.Work();
        trainer.Handle(Compute(again, new LaneBlock(0, 1)));
        trainer.Handle(Compute(Ticket, new LaneBlock(4, 4)));
        Drain();
        device.Log.ShouldBe(["load 4", "begin {0-3}", "lane 0", "give up", "begin {0}", "lane 0", "publish 11"]);
        reports.OfType<BlockComputed>().Single().Ticket.ShouldBe(again);
    }

    [Fact]
    public void Lanes_of_a_round_that_it_has_applied_are_passed_over_without_a_word()
    {
        trainer.Handle(LoadFour);
        trainer.Handle(new ApplyUpdate(Round, 1, UpdateAdjustment.None));
        reports.Clear();
        trainer.Handle(Compute(Ticket, new LaneBlock(0, 1)));
        trainer.HasWork.ShouldBeFalse();
        reports.ShouldBeEmpty();
    }

    [Fact]
    public void A_sum_that_the_round_takes_no_more_is_not_reported_nor_is_an_update_whose_total_is_gone()
    {
        device.IsClosed = true;
        trainer.Handle(LoadFour);
        trainer.Handle(Compute(Ticket, new LaneBlock(0, 1)));
        Drain();
        trainer.Handle(new ApplyUpdate(Round, 1, UpdateAdjustment.None));
        trainer.Step.ShouldBe(4);
        Told(new StateLoaded(Key, 4, 1), new LaneComputed(Key, Ticket, 0));
    }

    [Fact]
    public void A_state_that_is_refused_leaves_everything_as_it_was()
    {
        trainer.Handle(LoadFour);
        trainer.Handle(Compute(Ticket, new LaneBlock(0, 2)));
        trainer.Work();
        device.Refusal = "It is damaged.";
        trainer.Handle(new LoadState(new SnapshotState(1, 7), 6, 2));
        trainer.Step.ShouldBe(4);
        Drain();
        reports.OfType<StateRefused>().Single().ShouldBe(new StateRefused(Key, 6, 2, "It is damaged."));
        reports.OfType<BlockComputed>().Count().ShouldBe(1);
    }

    [Fact]
    public void A_late_repetition_of_the_state_it_began_from_does_not_take_it_back()
    {
        trainer.Handle(LoadFour);
        trainer.Handle(new ApplyUpdate(Round, 1, UpdateAdjustment.None));
        trainer.Handle(LoadFour);
        trainer.Step.ShouldBe(5);
        trainer.Handle(new LoadState(new SnapshotState(0, 99), 4, 2));
        trainer.Step.ShouldBe(4);
        trainer.Handle(new LoadState(new SnapshotState(1, 7), 6, 3));
        trainer.Handle(new LoadState(new SnapshotState(0, 99), 4, 2));
        trainer.Step.ShouldBe(6);
    }

    [Fact]
    public void An_evaluation_can_be_given_up_and_ends_with_its_step()
    {
        trainer.Handle(LoadFour);
        trainer.Handle(new Evaluate(4));
        trainer.Work();
        trainer.Handle(new CancelEvaluation(3));
        trainer.HasWork.ShouldBeTrue();
        trainer.Handle(new CancelEvaluation(4));
        trainer.HasWork.ShouldBeFalse();
        trainer.Handle(new Evaluate(4));
        trainer.Work();
        trainer.Handle(new ApplyUpdate(Round, 1, UpdateAdjustment.None));
        trainer.HasWork.ShouldBeFalse();
        reports.OfType<Evaluated>().ShouldBeEmpty();
    }

    [Fact]
    public void A_block_is_computed_once_more_before_what_is_owed_beside_it_and_published_by_nobody()
    {
        trainer.Handle(LoadFour);
        trainer.Handle(Compute(Ticket, new LaneBlock(0, 2), new LaneBlock(6, 1)) with { RedundantLanes = [1] });
        trainer.Work();
        var again = new RecomputeBlock(Ticket, new LaneBlock(4, 1), 9, SkipList.Empty, 3);
        trainer.Handle(again);
        trainer.Handle(again);
        Drain();
        device.Log.ShouldBe([
            "load 4", "begin {0-1}", "lane 0", "lane 1 hashed", "publish 10", "begin {4}", "lane 4 of 9", "measure", "begin {6}", "lane 6",
                "publish 10"]);
        reports.OfType<BlockRecomputed>().ShouldBe([new BlockRecomputed(Key, Ticket, new LaneBlock(4, 1), 3, RecordingDevice.Result)]);
    }

    [Fact]
    public void An_update_is_previewed_as_often_as_that_is_asked_and_changes_nothing()
    {
        trainer.Handle(LoadFour);
        trainer.Handle(new PreviewUpdate(Ticket, 1.5, 1e-3, 1));
        trainer.Handle(new PreviewUpdate(Ticket, 1.5, 1e-3, 2));
        trainer.Step.ShouldBe(4);
        trainer.Handle(new ApplyUpdate(Round, 1.5, UpdateAdjustment.None));
        trainer.Handle(new PreviewUpdate(Ticket, 1.5, 1e-3, 3));
        device.Log.ShouldBe(["load 4", "preview 10 1.5 at 0.001", "preview 10 1.5 at 0.001", "apply 10 1.5"]);
        Told(
            new StateLoaded(Key, 4, 1), new UpdatePreviewed(Key, Ticket, 1, 0.25), new UpdatePreviewed(Key, Ticket, 2, 0.25),
            new UpdateApplied(Key, Round, new AppliedUpdate(11, 0.5)), new AtAnotherStep(Key, 5, 1));
    }

    [Fact]
    public void An_update_whose_total_is_gone_is_not_previewed()
    {
        device.IsClosed = true;
        trainer.Handle(LoadFour);
        trainer.Handle(new PreviewUpdate(Ticket, 1.5, 1e-3, 1));
        Told(new StateLoaded(Key, 4, 1));
    }

    [Fact]
    public void With_a_block_that_is_computed_once_more_its_update_is_previewed_where_that_is_wanted()
    {
        trainer.Handle(LoadFour);
        trainer.Handle(new RecomputeBlock(Ticket, new LaneBlock(0, 1), 4, SkipList.Empty, 1) { PreviewRate = 1e-3 });
        Drain();
        device.Log.ShouldBe(["load 4", "begin {0}", "lane 0", "measure and preview 4 at 0.001"]);
    }

    [Fact]
    public void A_state_is_copied_into_the_same_slot_again_when_that_is_another_order()
    {
        trainer.Handle(LoadFour);
        trainer.Handle(new CopyState(2, 4, 1));
        trainer.Handle(new CopyState(2, 4, 2));
        device.Log.ShouldBe(["load 4", "copy 2", "copy 2"]);
        reports.OfType<StateCopied>().Select(static report => report.Number).ShouldBe([1, 2]);
    }

    [Fact]
    public void What_is_to_be_measured_outlives_the_round_but_not_the_weights()
    {
        trainer.Handle(LoadFour);
        trainer.Handle(new RecomputeBlock(Ticket, new LaneBlock(0, 1), 9, SkipList.Empty, 1));
        trainer.Handle(Compute(new Ticket(3, new Round(11, 4)), new LaneBlock(2, 1)));
        Drain();
        reports.OfType<BlockRecomputed>().Count().ShouldBe(1);
        trainer.Handle(new RecomputeBlock(Ticket, new LaneBlock(0, 1), 9, SkipList.Empty, 2));
        trainer.Handle(new ApplyUpdate(new Round(11, 4), 1, UpdateAdjustment.None));
        Drain().ShouldBe(0);
        reports.OfType<BlockRecomputed>().Count().ShouldBe(1);
    }

    [Fact]
    public void Between_the_update_of_its_shards_and_that_of_the_rest_nothing_reads_its_weights()
    {
        trainer.Handle(LoadFour);
        trainer.Handle(new UpdateShards(Round, 1, UpdateAdjustment.None));
        trainer.Handle(new UpdateShards(Round, 1, UpdateAdjustment.None));
        trainer.Handle(Compute(Ticket, new LaneBlock(0, 1)));
        trainer.Handle(new CopyState(0, 4, 1));
        trainer.Handle(new Evaluate(4));
        Drain().ShouldBe(0);
        var shards = new ShardsUpdated(Key, Round, [new ShardChecksum(1, 12)]);
        reports.Skip(1).Select(static report => report.GetType()).ShouldBe([typeof(ShardsUpdated), typeof(ShardsUpdated)]);
        reports.OfType<ShardsUpdated>().ShouldAllBe(report => report.Shards.SequenceEqual(shards.Shards));
        device.Log.Count(static entry => entry.StartsWith("update shards", StringComparison.Ordinal)).ShouldBe(1);
        trainer.Handle(new ApplyUpdate(Round, 1, UpdateAdjustment.None));
        trainer.Handle(new CopyState(0, 5, 2));
        trainer.Step.ShouldBe(5);
        reports.OfType<StateCopied>().Count().ShouldBe(1);
    }

    private static ComputeLanes Compute(Ticket ticket, params LaneBlock[] blocks) => new(ticket, blocks, SkipList.Empty);

    private static BlockComputed Computed(Ticket ticket, LaneBlock block) => new(Key, ticket, block, RecordingDevice.Result);

    private void Told(params TrainerReport[] expected) => reports.ShouldBe(expected);

    private int Drain()
    {
        var pieces = 0;
        for (; trainer.HasWork; pieces++)
            trainer.Work();
        return pieces;
    }

    private sealed class RecordingDevice : ITrainerDevice
    {
        public static readonly BlockResult Result = new(0.25, [0.25], [7, 8], 77);
        private int batches;

        public List<string> Log { get; } = [];

        public string? Refusal { get; set; }

        public bool IsClosed { get; set; }

        public string? Load(StateSource source, long atStep, OwnedShards? shards)
        {
            Log.Add($"load {atStep}");
            return Refusal;
        }

        public void Begin(LaneBlock block) => Log.Add($"begin {block}");

        public void GiveUp() => Log.Add("give up");

        public int LanesAtOnce { get; set; } = 1;

        public void ComputeLanes(long batchStep, LaneBlock lanes, SkipList skips, bool isRedundant) =>
            Log.Add($"lane {(lanes.Count == 1 ? lanes.First : lanes)}{(batchStep == 4 ? "" : $" of {batchStep}")}{(isRedundant ? " hashed" : "")}");

        public BlockResult? Publish(Round round)
        {
            Log.Add($"publish {round.Number}");
            return IsClosed ? null : Result;
        }

        public BlockResult Measure(long atStep, double? previewRate)
        {
            Log.Add(previewRate is { } rate ? FormattableString.Invariant($"measure and preview {atStep} at {rate}") : "measure");
            return Result;
        }

        public double? Preview(Round round, double gradientNorm, double learningRate)
        {
            Log.Add(FormattableString.Invariant($"preview {round.Number} {gradientNorm} at {learningRate}"));
            return IsClosed ? null : 0.25;
        }

        public AppliedUpdate? Apply(Round round, double gradientNorm, UpdateAdjustment adjustment)
        {
            Log.Add(FormattableString.Invariant($"apply {round.Number} {gradientNorm}"));
            return IsClosed ? null : new AppliedUpdate(11, 0.5);
        }

        public CopiedState? Copy(ISnapshots into, long atStep) => null;

        public IReadOnlyList<ShardChecksum>? UpdateShards(Round round, double gradientNorm, UpdateAdjustment adjustment)
        {
            Log.Add($"update shards {round.Number}");
            return IsClosed ? null : [new ShardChecksum(1, 12)];
        }

        public CopiedState? Copy(CopyState copy)
        {
            Log.Add($"copy {copy.Slot}");
            return new CopiedState(5, null);
        }

        public void BeginEvaluation()
        {
            Log.Add("evaluate");
            batches = 0;
        }

        public ValidationLoss? EvaluateBatch()
        {
            Log.Add("batch");
            return ++batches == 2 ? new ValidationLoss(1, 10, 0.5) : null;
        }

        public void Dispose() => Log.Add("dispose");
    }
}
