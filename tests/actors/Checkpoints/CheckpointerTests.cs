using System.Globalization;
using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Chaos;
using ActorTrain.Models;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Recovery;
using Akka.Actor;
using Akka.TestKit.Xunit2;

namespace ActorTrain.Actors.Tests.Checkpoints;

public sealed class CheckpointerTests : TestKit
{
    private static readonly FlatLayout Layout = FlatLayout.Of([("tokens.weight", [5, 3]), ("norm.weight", [3])]);
    private static readonly RunOverrides Overrides = (RunOverrides.None with
    {
        Vetoes = [3],
        Spikes = new SpikeMemory { Rules = SpikeMemory.Empty.Rules.Add("rule", [0.1, double.NaN, -0.0]) }
    })
        .With(new Intervention(1, 4, [new SkippedRange(8, 8, "spike")], 0.5, "someone", "It was wanted."));

    private static readonly CheckpointerOptions Options = new()
    {
        Layout = Layout,
        ConfigurationHash = "c0ffee",
        Model = ModelOptions.FromDepth(1),
        Batch = 8,
        Fingerprint = new NumericFingerprint("1", "2", "3", "4", "5", "cpu"),
        State = new Dictionary<string, string> { ["data"] = "d" },
    };

    private readonly TestFolder folder = new();
    private readonly SnapshotMemory memory = new(Layout.Length, slots: 2);
    private readonly CheckpointStore store;

    public CheckpointerTests()
        : base(Training.TinyTraining.Settings) =>
            store = new CheckpointStore(folder.Path, new CheckpointStoreOptions(), TimeProvider.System);

    [Fact]
    public void A_snapshot_becomes_a_checkpoint_with_all_that_a_run_needs_to_go_on()
    {
        Fill(0, 10, 1);
        var saved = Saving().Save(Order(1, 0, 10, 1)).ShouldBeOfType<CheckpointSaved>();
        var facts = store.List().ShouldHaveSingleItem().Manifest.ShouldNotBeNull();
        (saved.Number, saved.Step, saved.WeightsHash).ShouldBe((1, 10, facts.WeightsHash));
        saved.Kept.ShouldBe([10]);
        (facts.Facts.Step, facts.Facts.ConfigurationHash, facts.Facts.Cursor).ShouldBe((10, "c0ffee", new PlanCursor(80, 80, 80 * 256)));
        facts.Facts.SkipList.ShouldBe(Overrides.Skips);
        RunOrigin.Of(facts).Overrides.ShouldBe(Overrides);
        facts.Facts.State["data"].ShouldBe("d");
        facts.Facts.State["state"].ShouldBe(HashOf(1).ToString("x16", CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Asked_again_it_writes_nothing_and_answers_the_same_also_in_another_life()
    {
        Fill(0, 10, 1);
        var first = Saving();
        var saved = first.Save(Order(1, 0, 10, 1)).ShouldBeOfType<CheckpointSaved>();
        var written = File.GetLastWriteTimeUtc(Path.Combine(store.PathOf(10), "weights.safetensors"));

        // By now the slot holds another state.
        Fill(0, 20, 2);
        first.Save(Order(1, 0, 10, 1)).ShouldBe(saved);
        Saving().Save(Order(1, 0, 10, 1)).ShouldBeOfType<CheckpointSaved>().WeightsHash.ShouldBe(saved.WeightsHash);
        File.GetLastWriteTimeUtc(Path.Combine(store.PathOf(10), "weights.safetensors")).ShouldBe(written);
    }

    [Fact]
    public void A_slot_that_holds_another_state_by_now_is_reported_and_not_written()
    {
        Fill(0, 20, 2);
        foreach (var order in new[] { Order(1, 0, 10, 1), Order(1, 1, 10, 1), Order(1, 0, 20, 3) })
            Saving().Save(order).ShouldBeOfType<CheckpointFailed>().IsSnapshotDamaged.ShouldBeTrue();
        store.List().ShouldBeEmpty();
    }

    [Fact]
    public void What_was_asked_for_before_a_later_save_is_not_written_after_it()
    {
        Fill(0, 10, 1);
        var saving = Saving();
        saving.Save(Order(2, 0, 10, 1)).ShouldBeOfType<CheckpointSaved>();
        saving.Save(Order(1, 0, 10, 1) with { Overrides = RunOverrides.None }).ShouldBeNull();
        RunOrigin.Of(store.List()[0].Manifest!).Overrides.ShouldBe(Overrides);
    }

    [Fact]
    public void The_same_step_with_other_bits_is_written_again()
    {
        Fill(0, 10, 1);
        var wrong = Saving().Save(Order(1, 0, 10, 1)).ShouldBeOfType<CheckpointSaved>();

        // The bits were found to be wrong, and the step was taken again: its overrides are the same.
        Fill(0, 10, 2);
        Saving().Save(Order(2, 0, 10, 2)).ShouldBeOfType<CheckpointSaved>().WeightsHash.ShouldNotBe(wrong.WeightsHash);
        store.List().ShouldHaveSingleItem().Manifest!.WeightsHash.ShouldNotBe(wrong.WeightsHash);
    }

    [Fact]
    public void What_was_left_by_going_back_is_deleted_with_the_next_save_and_nothing_else()
    {
        var saving = Saving();
        foreach (var (number, step) in new[] { (1L, 10L), (2, 20), (3, 30) })
        {
            Fill(0, step, (byte)step);
            saving.Save(Order(number, 0, step, (byte)step) with { Overrides = RunOverrides.None });
        }

        store.List().Select(static info => info.Step).ShouldBe([30, 20, 10]);

        // Intervention 1 is in force from step 4 on: none of the three has it; the new one does.
        Fill(1, 12, 7);
        var history = CheckpointHistory.Of([new CourseCorrected(default, 30, Overrides.Interventions[0]),
            new RunRolledBack(default, 0, 30, StateKind.Seed, "It was wanted.")]);
        var order = Order(4, 1, 12, 7) with { History = history };
        saving.Save(order).ShouldBeOfType<CheckpointSaved>().Kept.ShouldBe([12]);
        saving.Save(order).ShouldBeOfType<CheckpointSaved>();
        store.List().Select(static info => info.Step).ShouldBe([12]);
    }

    [Fact]
    public void One_that_proved_good_is_marked_and_outlives_the_newer_ones()
    {
        var saving = Saving();
        Fill(0, 10, 1);
        var good = saving.Save(Order(1, 0, 10, 1)).ShouldBeOfType<CheckpointSaved>();
        saving.Mark(new MarkGood(10, good.WeightsHash, 110));
        saving.Mark(new MarkGood(10, good.WeightsHash, 110));
        saving.Mark(new MarkGood(20, good.WeightsHash, 110));
        for (byte i = 2; i < 8; i++)
        {
            Fill(0, 10 * i, i);
            saving.Save(Order(i, 0, 10 * i, i)).ShouldBeOfType<CheckpointSaved>();
        }

        store.List().Select(static info => (info.Step, info.ProvedAt)).ShouldBe([(70, null), (60, null), (50, null), (10, 110)]);
        CheckpointArchive.Verify(store.List()[^1]).ShouldBeNull();
    }

    [Fact]
    public void A_mark_that_was_lost_is_made_with_the_next_save()
    {
        var saving = Saving();
        Fill(0, 10, 1);
        var good = saving.Save(Order(1, 0, 10, 1)).ShouldBeOfType<CheckpointSaved>();
        var history = CheckpointHistory.Of(
            [new CheckpointCommitted(default, 10, good.WeightsHash), new CheckpointProved(default, 10, 25, good.WeightsHash)]);
        Fill(0, 30, 2);
        saving.Save(Order(2, 0, 30, 2) with { History = history });
        store.List()[^1].ProvedAt.ShouldBe(25);
    }

    [Fact]
    public void A_checkpoint_that_was_altered_is_written_again()
    {
        Fill(0, 10, 1);
        var saved = Saving().Save(Order(1, 0, 10, 1)).ShouldBeOfType<CheckpointSaved>();
        var weights = Path.Combine(store.PathOf(10), "weights.safetensors");
        var bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        Saving().Save(Order(1, 0, 10, 1)).ShouldBeOfType<CheckpointSaved>().WeightsHash.ShouldBe(saved.WeightsHash);
        CheckpointArchive.Verify(store.List()[0]).ShouldBeNull();
    }

    [Fact]
    public void A_disk_that_refuses_is_told_and_the_next_one_may_succeed()
    {
        Fill(0, 10, 1);
        var saving = Saving();
        Directory.Move(folder.Path, folder.Path + ".away");
        File.WriteAllText(folder.Path, "in the way");
        saving.Save(Order(1, 0, 10, 1)).ShouldBeOfType<CheckpointFailed>().Reason.ShouldContain(folder.Path);
        File.Delete(folder.Path);
        Directory.Move(folder.Path + ".away", folder.Path);
        saving.Save(Order(2, 0, 10, 1)).ShouldBeOfType<CheckpointSaved>();
    }

    [Fact]
    public void No_checkpoint_is_made_of_a_snapshot_in_which_a_bit_flipped()
    {
        var random = new Random(1);
        for (var flip = 0; flip < 30; flip++)
        {
            Fill(0, 10, 1);
            using (var snapshot = memory.Read(0)!)
            {
                var buffer = (flip % 3) switch { 0 => snapshot.Weights, 1 => snapshot.FirstMoment, _ => snapshot.SecondMoment };
                BitFlip.At(buffer.Address, random.NextInt64(8 * buffer.Length));
            }

            Saving().Save(Order(1, 0, 10, 1)).ShouldBeOfType<CheckpointFailed>().ShouldSatisfyAllConditions(
                static failed => failed.IsSnapshotDamaged.ShouldBeTrue(), static failed => failed.Reason.ShouldName("snapshot", "step 10"));
            Directory.GetFileSystemEntries(folder.Path).ShouldBeEmpty();
        }

        Fill(0, 10, 1);
        Saving().Save(Order(1, 0, 10, 1)).ShouldBeOfType<CheckpointSaved>();
    }

    [Fact]
    public void The_actor_says_that_it_lives_and_writes_on_a_thread_of_its_own()
    {
        Fill(0, 10, 1);
        var checkpointer = Sys.ActorOf(ActorProps.Checkpointer(Saving, TestActor));
        ExpectMsg<CheckpointerStarted>();
        checkpointer.Tell(Order(1, 0, 10, 1));
        checkpointer.Tell(Order(1, 0, 10, 1));
        var saved = ExpectMsg<CheckpointSaved>();
        ExpectAgain(saved);
        store.List().Count.ShouldBe(1);
        checkpointer.Tell(new MarkGood(10, saved.WeightsHash, 20));
        checkpointer.Tell(Order(1, 0, 10, 1));
        ExpectAgain(saved);
        store.List()[0].ProvedAt.ShouldBe(20);
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        memory.Dispose();
        folder.Dispose();
    }

    private static SaveCheckpoint Order(long number, int slot, long step, byte value) =>
        new(number, slot, step, HashOf(value), Overrides, CheckpointHistory.Empty);

    private static ulong HashOf(byte value)
    {
        using var buffer = new HostBuffer(Layout.Length * sizeof(float));
        buffer.Slice(0, (int)buffer.Length).Fill(value);
        return StateHash.Of(buffer, buffer, buffer);
    }

    // It is another list, for messages are written and read again on their way.
    private void ExpectAgain(CheckpointSaved saved)
    {
        var again = ExpectMsg<CheckpointSaved>();
        again.Kept.ShouldBe(saved.Kept);
        (again with { Kept = saved.Kept }).ShouldBe(saved);
    }

    private CheckpointSaving Saving() => new(store, memory, Options);

    private void Fill(int slot, long step, byte value)
    {
        using var writer = memory.Write(slot, step);
        foreach (var buffer in new[] { writer.Weights, writer.FirstMoment, writer.SecondMoment })
            buffer.Slice(0, (int)buffer.Length).Fill(value);
        writer.Complete(StateHash.Of(writer.Weights, writer.FirstMoment, writer.SecondMoment)).ShouldBeTrue();
    }
}
